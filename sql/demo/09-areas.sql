-- A dozen areas to look at. The corners of an area are longitude and latitude, in degrees; the last joins the first.
create table if not exists vessel_activity_demo.area (
  name text primary key,
  corners double precision[] not null
);
comment on table vessel_activity_demo.area is 'The areas of the demo. They are put when the fleet is made; the owner may change or remove them afterwards.';
comment on column vessel_activity_demo.area.name is 'Name of the area.';
comment on column vessel_activity_demo.area.corners is 'Its corners, each as longitude and latitude, in degrees.';

insert into vessel_activity_demo.area (name, corners)
values
  ('Dover Strait', '{{0.9,50.4},{1.6,50.4},{2.6,51.3},{2.2,51.6},{1.2,51.3}}'),
  ('Rotterdam approaches', '{{2.8,51.6},{4.2,51.6},{4.2,52.4},{2.8,52.4}}'),
  ('German Bight', '{{6,53.4},{8.8,53.4},{8.8,55},{7,55},{6,54.3}}'),
  ('Skagerrak and Kattegat', '{{7,57.2},{10.4,57},{10.4,55.9},{12.9,55.9},{12.3,57.6},{10.9,59.3},{8.5,58.4},{7,58}}'),
  ('Strait of Gibraltar', '{{-6.5,35.6},{-5,35.6},{-5,36.4},{-6.5,36.4}}'),
  ('Suez Canal', '{{32,29.6},{32.8,29.6},{32.8,31.7},{32,31.7}}'),
  ('Bab el-Mandeb', '{{42.4,12.2},{44.2,11.6},{44.2,12.9},{43.2,14},{42.2,14}}'),
  ('Strait of Hormuz', '{{54.8,25.6},{56.2,25},{57.4,25},{57.2,27.3},{55,27.3}}'),
  ('Malacca and Singapore', '{{98.5,4.6},{100.5,2},{103,0.9},{104.7,0.9},{104.7,1.7},{102.6,2.4},{100.4,4.6}}'),
  ('Taiwan Strait', '{{117,22.2},{120.2,22.2},{121.4,25.3},{120.4,26.3},{118,24.2}}'),
  ('Panama Canal', '{{-80.3,8.4},{-79.2,8.4},{-79.2,9.8},{-80.3,9.8}}'),
  ('Aleutian route', '{{165,46},{-165,47},{-165,54},{165,53}}')
on conflict (name) do nothing;
