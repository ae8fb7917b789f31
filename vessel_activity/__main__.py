"""`python -m vessel_activity` is the command `vessel-activity`."""

from vessel_activity.cli import main

if __name__ == "__main__":
    main()
