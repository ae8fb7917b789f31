-- What the vessels do: services between ports, and waters in which they cross to and fro. A line of a text is a kind of traffic,
-- its share, and the two ports, or the middle and the radius of the water. Shares count within the kind.
create table if not exists vessel_activity_demo.route (
  route integer generated always as identity primary key,
  kind text not null,
  share integer not null,
  origin text references vessel_activity_demo.waypoint,
  destination text references vessel_activity_demo.waypoint,
  latitude double precision,
  longitude double precision,
  radius_nm double precision,
  cycle_nm double precision
);
comment on table vessel_activity_demo.route is 'The routes of the simulated fleet. Vessels sail a route again and again: to the other port and back, or across a water.';
comment on column vessel_activity_demo.route.route is 'Number of the route.';
comment on column vessel_activity_demo.route.kind is 'What sails here: cargo, tanker, ferry, fishing or leisure; harbour is for craft of a port, moored for vessels in it.';
comment on column vessel_activity_demo.route.share is 'How many of the vessels of the kind sail here, in relation to its other routes.';
comment on column vessel_activity_demo.route.origin is 'The port where the route begins, or the port of the craft; NULL for a water.';
comment on column vessel_activity_demo.route.destination is 'The port where it ends; NULL for a water or a port.';
comment on column vessel_activity_demo.route.latitude is 'Latitude of the middle of the water, in degrees north; NULL for a service.';
comment on column vessel_activity_demo.route.longitude is 'Longitude of its middle, in degrees east; NULL for a service.';
comment on column vessel_activity_demo.route.radius_nm is 'Its radius in nautical miles; NULL for a service.';
comment on column vessel_activity_demo.route.cycle_nm is 'What a vessel at sea speed sails in the time of one round, in nautical miles. The time in ports counts.';

create table if not exists vessel_activity_demo.leg (
  route integer not null references vessel_activity_demo.route on delete cascade,
  leg integer not null,
  begins_nm double precision not null,
  length_nm double precision not null,
  pace double precision not null,
  latitude double precision not null,
  longitude double precision not null,
  latitude_step double precision not null,
  longitude_step double precision not null,
  side_latitude double precision not null,
  side_longitude double precision not null,
  side_latitude_step double precision not null,
  side_longitude_step double precision not null,
  primary key (route, leg)
);
create index if not exists leg_begins_nm on vessel_activity_demo.leg (route, begins_nm);
comment on table vessel_activity_demo.leg is 'The legs of the routes: straight lines on the chart.';
comment on column vessel_activity_demo.leg.route is 'The route.';
comment on column vessel_activity_demo.leg.leg is 'Number of the leg in its route, from 1.';
comment on column vessel_activity_demo.leg.begins_nm is 'What a vessel at sea speed sails before it, in nautical miles.';
comment on column vessel_activity_demo.leg.length_nm is 'What a vessel at sea speed sails in the time of the leg, in nautical miles.';
comment on column vessel_activity_demo.leg.pace is 'Share of the sea speed: 1 at sea, less in canals, 0 in a port.';
comment on column vessel_activity_demo.leg.latitude is 'Where the leg begins, in degrees north.';
comment on column vessel_activity_demo.leg.longitude is 'Where it begins, in degrees east; beyond 180 behind the antimeridian.';
comment on column vessel_activity_demo.leg.latitude_step is 'How far north the leg leads, in degrees.';
comment on column vessel_activity_demo.leg.longitude_step is 'How far east it leads, in degrees.';
comment on column vessel_activity_demo.leg.side_latitude is 'How far north of its beginning the starboard edge of the lane is, in degrees.';
comment on column vessel_activity_demo.leg.side_longitude is 'How far east of its beginning the starboard edge is, in degrees.';
comment on column vessel_activity_demo.leg.side_latitude_step is 'How much further north the edge is at its end, in degrees.';
comment on column vessel_activity_demo.leg.side_longitude_step is 'How much further east the edge is at its end, in degrees.';

create table if not exists vessel_activity_demo.way (
  route integer not null references vessel_activity_demo.route on delete cascade,
  place integer not null,
  waypoint text not null references vessel_activity_demo.waypoint,
  primary key (route, place)
);
comment on table vessel_activity_demo.way is 'The way of each service on the chart: the waypoints from its one port to the other. The demo finds the shortest ways and writes them before the fleet is made.';
comment on column vessel_activity_demo.way.route is 'The route.';
comment on column vessel_activity_demo.way.place is 'Number of the waypoint on the way, from 0.';
comment on column vessel_activity_demo.way.waypoint is 'The waypoint.';

insert into vessel_activity_demo.route (kind, share, origin, destination)
select m.part[1], m.part[2]::integer, m.part[3], m.part[4]
from pg_catalog.regexp_matches($$
  cargo 9 rotterdam shanghai       cargo 6 hamburg singapore        cargo 5 antwerp ningbo           cargo 4 felixstowe hong_kong
  cargo 4 le_havre colombo         cargo 5 rotterdam new_york       cargo 3 bremerhaven norfolk      cargo 3 antwerp houston
  cargo 3 hamburg savannah         cargo 4 rotterdam santos         cargo 2 antwerp cape_town        cargo 2 le_havre dakar
  cargo 3 rotterdam lagos          cargo 7 hamburg st_petersburg    cargo 6 rotterdam gothenburg     cargo 6 antwerp gdansk
  cargo 5 bremerhaven helsinki     cargo 4 kiel klaipeda            cargo 4 rotterdam humber         cargo 4 rotterdam tees
  cargo 4 antwerp bilbao           cargo 3 rotterdam cork           cargo 3 liverpool dublin         cargo 4 rotterdam lisbon
  cargo 3 hamburg bergen           cargo 3 oslo kiel                cargo 3 gavle rostock            cargo 3 sundsvall antwerp
  cargo 3 aberdeen stavanger       cargo 2 forth rotterdam          cargo 2 tromso rotterdam         cargo 2 murmansk rotterdam
  cargo 3 amsterdam tallinn        cargo 2 southampton new_york     cargo 2 reykjavik humber         cargo 2 quebec antwerp
  cargo 5 algeciras port_said      cargo 4 valencia shanghai        cargo 4 genoa singapore          cargo 4 piraeus ningbo
  cargo 4 barcelona algiers        cargo 3 marseille tunis          cargo 3 genoa new_york           cargo 3 malta piraeus
  cargo 4 istanbul novorossiysk    cargo 4 istanbul constanta       cargo 3 odesa alexandria         cargo 4 piraeus istanbul
  cargo 3 venice port_said         cargo 3 trieste haifa            cargo 3 mersin alexandria        cargo 2 limassol piraeus
  cargo 2 casablanca rotterdam     cargo 2 algeciras santos         cargo 2 las_palmas algeciras     cargo 3 valencia livorno
  cargo 4 jeddah singapore         cargo 4 jebel_ali shanghai       cargo 4 jebel_ali mundra         cargo 4 jebel_ali karachi
  cargo 3 mumbai singapore         cargo 3 salalah rotterdam        cargo 3 djibouti jebel_ali       cargo 3 colombo singapore
  cargo 3 chennai singapore        cargo 3 chittagong singapore     cargo 2 kolkata vizag            cargo 2 mombasa mumbai
  cargo 2 dar_es_salaam jebel_ali  cargo 2 durban singapore         cargo 2 port_louis durban        cargo 2 maputo mumbai
  cargo 6 singapore hong_kong      cargo 5 singapore shanghai       cargo 5 singapore ho_chi_minh    cargo 4 singapore bangkok
  cargo 4 singapore jakarta        cargo 4 surabaya singapore       cargo 4 klang shanghai           cargo 3 penang klang
  cargo 4 manila hong_kong         cargo 4 haiphong hong_kong       cargo 6 hong_kong shanghai       cargo 6 shanghai busan
  cargo 6 qingdao busan            cargo 6 tianjin shanghai         cargo 5 dalian ningbo            cargo 5 xiamen kaohsiung
  cargo 4 kaohsiung tokyo          cargo 5 shanghai kobe            cargo 4 busan tokyo              cargo 3 nagoya shanghai
  cargo 3 vladivostok busan        cargo 3 tomakomai tokyo          cargo 3 incheon qingdao          cargo 3 keelung kobe
  cargo 3 naha kobe                cargo 7 shanghai los_angeles     cargo 5 hong_kong los_angeles    cargo 5 busan puget_sound
  cargo 4 tokyo san_francisco      cargo 4 qingdao prince_rupert    cargo 4 shanghai new_york        cargo 3 busan savannah
  cargo 3 tianjin columbia         cargo 7 port_hedland qingdao     cargo 5 port_hedland tianjin     cargo 4 hay_point kobe
  cargo 4 newcastle tokyo          cargo 3 gladstone busan          cargo 3 sydney singapore         cargo 3 melbourne shanghai
  cargo 2 fremantle singapore      cargo 3 sydney auckland          cargo 3 brisbane melbourne       cargo 2 adelaide melbourne
  cargo 2 tauranga shanghai        cargo 2 auckland suva            cargo 2 balikpapan hong_kong     cargo 5 vitoria qingdao
  cargo 4 itaqui rotterdam         cargo 3 santos shanghai          cargo 3 santos buenos_aires      cargo 3 santos new_york
  cargo 3 rio salvador             cargo 2 recife lisbon            cargo 2 paranagua montevideo     cargo 2 rio_grande rotterdam
  cargo 4 colon new_york           cargo 4 colon houston            cargo 3 balboa los_angeles       cargo 3 balboa callao
  cargo 3 valparaiso balboa        cargo 3 valparaiso shanghai      cargo 2 antofagasta qingdao      cargo 2 guayaquil rotterdam
  cargo 2 buenaventura los_angeles cargo 3 cartagena miami          cargo 3 kingston savannah        cargo 3 miami san_juan
  cargo 3 houston veracruz         cargo 5 new_orleans tokyo        cargo 4 new_orleans rotterdam    cargo 2 mobile colon
  cargo 2 havana veracruz          cargo 3 manzanillo shanghai      cargo 3 los_angeles honolulu     cargo 3 puget_sound kodiak
  cargo 3 charleston rotterdam     cargo 3 norfolk rotterdam        cargo 3 halifax antwerp          cargo 2 boston halifax
  cargo 2 jacksonville san_juan    cargo 2 st_johns halifax         cargo 2 sept_iles rotterdam      cargo 2 georgetown trinidad
  cargo 2 abidjan antwerp          cargo 2 tema algeciras           cargo 2 luanda lisbon            cargo 2 walvis_bay cape_town
  cargo 3 richards_bay mumbai      cargo 2 cape_town durban         cargo 2 conakry qingdao          cargo 2 beira durban
  tanker 8 ras_tanura ningbo       tanker 7 basra mumbai            tanker 6 kuwait busan            tanker 6 kharg dalian
  tanker 7 fujairah singapore      tanker 6 ras_tanura tokyo        tanker 5 ras_laffan tokyo        tanker 4 ras_laffan rotterdam
  tanker 4 basra rotterdam         tanker 4 bandar_abbas mundra     tanker 4 ras_tanura mundra       tanker 3 kuwait karachi
  tanker 3 aden suez               tanker 4 suez jeddah             tanker 3 fujairah mombasa        tanker 4 singapore qingdao
  tanker 4 singapore jakarta       tanker 4 singapore hong_kong     tanker 3 klang chennai           tanker 3 singapore sydney
  tanker 3 balikpapan kaohsiung    tanker 4 tianjin ningbo          tanker 3 vladivostok qingdao     tanker 3 busan kobe
  tanker 5 rotterdam forth         tanker 6 rotterdam gothenburg    tanker 6 st_petersburg rotterdam tanker 4 murmansk rotterdam
  tanker 4 bergen rotterdam        tanker 3 milford_haven antwerp   tanker 3 stavanger humber        tanker 3 antwerp thames
  tanker 3 tees hamburg            tanker 5 novorossiysk trieste    tanker 4 novorossiysk algeciras  tanker 3 alexandria genoa
  tanker 3 algiers marseille       tanker 3 malta livorno           tanker 3 constanta istanbul      tanker 3 mersin genoa
  tanker 6 houston rotterdam       tanker 6 houston shanghai        tanker 4 houston new_york        tanker 4 corpus_christi busan
  tanker 4 new_orleans colon       tanker 3 tampa houston           tanker 3 veracruz houston        tanker 3 trinidad boston
  tanker 3 georgetown rotterdam    tanker 3 cartagena houston       tanker 3 kingston houston        tanker 3 rio qingdao
  tanker 3 santos houston          tanker 4 bonny rotterdam         tanker 4 bonny mumbai            tanker 4 luanda ningbo
  tanker 3 lagos antwerp           tanker 2 pointe_noire houston    tanker 2 durban ras_tanura       tanker 3 valdez puget_sound
  tanker 2 valdez los_angeles      tanker 2 los_angeles san_francisco  tanker 2 callao balboa        tanker 2 buenos_aires rio
  ferry 9 calais dover_port        ferry 5 rotterdam felixstowe     ferry 3 amsterdam tees           ferry 4 rotterdam humber
  ferry 4 le_havre southampton     ferry 3 dublin liverpool         ferry 2 plymouth bilbao          ferry 3 oslo kiel
  ferry 3 gothenburg kiel          ferry 5 helsinki tallinn         ferry 4 stockholm tallinn        ferry 4 stockholm helsinki
  ferry 4 rostock trelleborg       ferry 3 copenhagen oslo          ferry 3 bergen stavanger         ferry 2 bergen tromso
  ferry 5 algeciras tangier        ferry 4 barcelona valencia       ferry 3 marseille algiers        ferry 3 genoa tunis
  ferry 4 naples civitavecchia     ferry 4 piraeus heraklion        ferry 3 ancona trieste           ferry 3 livorno marseille
  ferry 3 limassol haifa           ferry 3 istanbul odesa           ferry 3 jeddah suez            
  ferry 4 hong_kong xiamen         ferry 3 keelung xiamen           ferry 3 busan kobe               ferry 3 qingdao incheon
  ferry 3 tomakomai sendai         ferry 4 singapore klang          ferry 4 jakarta surabaya         ferry 3 manila kaohsiung
  ferry 3 melbourne adelaide       ferry 4 miami kingston           ferry 4 miami san_juan           ferry 2 puget_sound prince_rupert
  ferry 2 los_angeles manzanillo   ferry 2 las_palmas casablanca     ferry 2 rio santos
$$, '(cargo|tanker|ferry) ([0-9]+) ([a-z_]+) ([a-z_]+)', 'g') as m (part)
where not exists (select from vessel_activity_demo.route);

insert into vessel_activity_demo.route (kind, share, latitude, longitude, radius_nm)
select m.part[1], m.part[2]::integer, m.part[3]::double precision, m.part[4]::double precision, m.part[5]::double precision
from pg_catalog.regexp_matches($$
  fishing 9 54.9 2.4 40      fishing 6 57.0 4.5 40      fishing 5 58.3 0.5 30      fishing 6 53.5 3.6 20
  fishing 5 49.9 -3.6 8      fishing 3 50.4 0.1 6       fishing 6 50.3 -8.6 40     fishing 5 47.0 -4.2 25
  fishing 3 58.1 9.6 12      fishing 4 55.3 16.9 20     fishing 3 57.7 20.3 18     fishing 3 61.8 19.2 20
  fishing 5 73.0 30.0 80     fishing 4 68.6 11.0 25     fishing 3 65.4 -25.8 25    fishing 3 62.9 -18.0 18
  fishing 4 45.0 -50.5 60    fishing 5 41.5 -67.3 30    fishing 3 43.6 -63.5 15    fishing 4 28.6 -92.0 20
  fishing 4 58.3 -174.0 60   fishing 3 57.0 -149.5 30   fishing 3 47.0 -125.3 15   fishing 5 -11.0 -78.9 35
  fishing 3 -37.5 -74.6 30   fishing 5 -45.5 -61.5 70   fishing 4 19.0 -17.6 40    fishing 3 12.5 -18.0 25
  fishing 3 -24.5 13.5 25    fishing 3 -35.6 21.5 20    fishing 4 20.0 69.6 35     fishing 4 9.0 75.6 15
  fishing 4 14.5 81.3 20     fishing 3 20.4 87.9 12     fishing 4 -5.2 113.2 25    fishing 4 10.5 101.2 25
  fishing 5 19.9 107.4 25    fishing 7 21.0 112.6 25    fishing 9 29.5 124.2 45    fishing 8 35.4 122.9 45
  fishing 5 38.8 119.7 18    fishing 4 37.0 130.4 20    fishing 4 42.2 144.8 20    fishing 4 39.2 143.3 25
  fishing 3 53.0 151.0 60    fishing 3 8.4 120.4 25     fishing 3 -10.2 136.8 30   fishing 3 -44.2 176.2 35
  fishing 3 43.4 14.8 10     fishing 3 36.9 12.3 6      fishing 3 43.0 4.2 12      fishing 3 43.5 30.5 30
  fishing 2 34.4 11.4 12     fishing 2 36.2 -3.9 8      fishing 2 31.85 30.3 6     fishing 2 -27.5 -47.2 20
  leisure 5 50.52 -1.0 5     leisure 4 47.2 -3.7 10     leisure 4 54.58 10.5 3     leisure 4 59.05 19.3 8
  leisure 4 52.7 4.2 10      leisure 4 43.35 7.4 7      leisure 4 39.05 2.8 10     leisure 4 44.7 13.2 10
  leisure 4 37.35 23.7 4     leisure 3 36.4 28.5 8      leisure 4 26.6 -79.75 8    leisure 3 41.1 -72.7 2
  leisure 3 41.92 -70.25 5   leisure 3 32.6 -117.6 8    leisure 3 -33.85 151.55 7  leisure 3 -36.0 175.1 4
  leisure 3 7.5 98.1 6       leisure 3 21.75 114.4 8    leisure 3 34.6 139.0 3     leisure 3 18.7 -64.6 5
  leisure 3 17.3 -62.1 6     leisure 3 27.6 -83.3 10    leisure 3 51.5 1.85 6      leisure 3 50.05 -4.4 6
$$, '(fishing|leisure) ([0-9]+) (-?[0-9.]+) (-?[0-9.]+) ([0-9]+)', 'g') as m (part)
where not exists (select from vessel_activity_demo.route as r where r.kind = m.part[1]);

-- Every port of a service has craft of its own, and vessels in it.
insert into vessel_activity_demo.route (kind, share, origin, latitude, longitude, radius_nm)
select k.kind, p.share, w.name, w.latitude, w.longitude, w.width_nm
from (
  select e.port, sum(r.share) as share
  from vessel_activity_demo.route as r
  cross join lateral (values (r.origin), (r.destination)) as e (port)
  where r.destination is not null
  group by e.port
) as p
join vessel_activity_demo.waypoint as w on w.name = p.port
cross join (values ('harbour'), ('moored')) as k (kind)
where not exists (select from vessel_activity_demo.route as r where r.kind = k.kind)
order by k.kind, w.name;
