"""What the web application is made of: the newest answer in memory, its endpoints and pages."""
