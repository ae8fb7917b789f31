-- The sea chart of the demo: waypoints in open water, and the lanes between them. A line of the first text is a waypoint:
-- name, latitude, longitude, and how far from it the outermost vessels pass, in nautical miles. A port is a waypoint at its
-- roads, where vessels wait for pilots. A line of the second text is a chain of lanes. In a canal vessels sail slowly, and a
-- coarse coastline shows no water there.
create table if not exists vessel_activity_demo.waypoint (
  name text primary key,
  latitude double precision not null,
  longitude double precision not null,
  width_nm double precision not null
);
comment on table vessel_activity_demo.waypoint is 'The waypoints and ports of the simulated fleet.';
comment on column vessel_activity_demo.waypoint.name is 'Name of the waypoint or port.';
comment on column vessel_activity_demo.waypoint.latitude is 'Latitude in degrees north.';
comment on column vessel_activity_demo.waypoint.longitude is 'Longitude in degrees east.';
comment on column vessel_activity_demo.waypoint.width_nm is 'How far to starboard of it the outermost vessels pass, in nautical miles.';

create table if not exists vessel_activity_demo.lane (
  waypoint text not null references vessel_activity_demo.waypoint,
  next_waypoint text not null references vessel_activity_demo.waypoint,
  pace double precision not null,
  length_nm double precision not null,
  primary key (waypoint, next_waypoint)
);
comment on table vessel_activity_demo.lane is 'The lanes between waypoints, one row for each direction.';
comment on column vessel_activity_demo.lane.waypoint is 'Where the lane begins.';
comment on column vessel_activity_demo.lane.next_waypoint is 'Where it ends.';
comment on column vessel_activity_demo.lane.pace is 'Share of their speed that vessels make here: 1 at sea, less in canals.';
comment on column vessel_activity_demo.lane.length_nm is 'Length along the great circle, in nautical miles.';

insert into vessel_activity_demo.waypoint (name, latitude, longitude, width_nm)
select w.part[1], w.part[2]::double precision, w.part[3]::double precision, w.part[4]::double precision
from pg_catalog.regexp_matches($$
  maas 52.05 3.55 1.5        rotterdam 52.02 3.9 0.3     amsterdam 52.48 4.35 0.3    texel 53.1 4.1 2
  vlieland 53.6 4.7 2        terschelling 54.0 6.2 2.5   german_bight 54.15 7.5 1.5  hamburg 54.02 8.2 0.3
  bremerhaven 53.88 7.95 0.3 noord_hinder 51.95 2.7 2    antwerp 51.45 3.2 0.3       dover 50.98 1.42 1.5
  beachy_head 50.45 0.4 3    channel_mid 50.1 -1.5 4     casquets 49.98 -2.9 3       channel_west 49.4 -4.7 4
  ushant 48.8 -5.9 4         scilly 49.4 -7.0 6          le_havre 49.58 -0.1 0.3     southampton 50.6 -0.95 0.3
  plymouth 50.2 -4.2 0.3     felixstowe 51.9 1.65 0.3    thames 51.62 1.5 0.3        calais 51.03 1.8 0.2
  dover_port 51.1 1.42 0.2   humber 53.55 0.4 0.3        tees 54.75 -0.95 0.3        forth 56.1 -2.45 0.3
  aberdeen 57.15 -1.9 0.3    north_sea_south 53.2 2.7 6  north_sea_mid 55.6 3.0 12   north_sea_north 58.3 1.5 12
  off_tees 54.9 -0.2 3       off_forth 56.3 -1.4 4       off_aberdeen 57.6 -1.1 4    jutland 56.5 7.3 5
  hanstholm 57.35 8.2 4      skagerrak 57.8 9.6 3        skaw 57.9 10.8 2            gothenburg 57.62 11.5 0.3
  kattegat_north 57.36 11.42 1  kattegat_mid 56.75 11.95 1  kullen 56.35 12.2 0.8    oresund_north 56.13 12.48 0.3
  helsingor 56.04 12.655 0.1 oresund_mid 55.85 12.72 0.3 copenhagen 55.72 12.7 0.2   drogden 55.53 12.73 0.2
  oresund_south 55.3 12.65 0.8  anholt_west 56.75 11.2 1 sjaellands_rev 56.2 11.0 0.8  samso 55.9 10.83 0.4
  belt_north 55.6 10.82 0.4  great_belt 55.33 11.05 0.2  belt_south 55.08 11.06 0.3  langeland 54.8 10.9 0.3
  langeland_south 54.6 10.8 0.8  kiel 54.5 10.3 0.3      fehmarn_belt 54.57 11.25 0.4  mecklenburg 54.4 11.85 0.8
  kadet 54.52 12.25 0.6      darss 54.8 12.75 0.8        rostock 54.25 12.1 0.2      trelleborg 55.3 13.15 0.2
  arkona 54.95 13.6 3        bornholm_gat 55.32 14.45 1.5  baltic_south 55.7 16.4 5  gotland_east 57.3 19.9 5
  baltic_north 58.7 20.9 5   finland_west 59.4 22.8 2    finland_mid 59.73 24.9 1.5  hogland 59.83 26.6 1.5
  finland_east 60.15 28.1 0.3  st_petersburg 60.02 29.2 0.3  helsinki 60.03 24.95 0.3  tallinn 59.58 24.75 0.3
  gdansk 54.55 18.95 0.3     klaipeda 55.72 20.85 0.3    ventspils 57.45 21.4 0.3    stockholm 59.25 19.3 0.3
  aland_sea 60.15 19.1 0.8   bothnia 61.5 19.2 6         gavle 60.85 17.6 0.3        sundsvall 62.3 17.85 0.3
  gulf_of_gdansk 54.95 19.1 2  oslo 59.05 10.65 0.3      kristiansand 58.03 8.1 0.3  lindesnes 57.75 6.9 3
  jaeren 58.6 5.1 3          stavanger 58.95 5.35 0.3    bergen 60.3 4.75 0.3        sotra 60.3 4.4 2
  stad 62.3 4.6 3            kristiansund 63.3 7.3 0.3   trondelag 63.9 7.6 3        lofoten 67.5 10.8 6
  andenes 69.6 14.8 5        tromso 70.2 18.4 0.3        north_cape 71.5 25.5 5      vardo 70.7 32.0 5
  murmansk 69.45 33.6 0.3    fair_isle 59.42 -1.95 0.5     cape_wrath 58.9 -5.2 3      hebrides 57.6 -8.05 1.5
  malin_head 55.65 -7.4 2    north_channel 55.27 -5.95 0.4  galloway 54.72 -5.3 0.6  man_west 54.1 -5.1 1
  irish_sea 53.55 -5.2 2     anglesey 53.55 -4.6 1       liverpool 53.55 -3.4 0.3    dublin 53.33 -5.9 0.3
  belfast 54.75 -5.55 0.2    st_george 52.0 -5.9 2       smalls 51.5 -6.2 2          milford_haven 51.6 -5.25 0.3
  lundy 51.35 -4.85 1        bristol 51.38 -3.5 0.3      cork 51.7 -8.2 0.3          fastnet 51.0 -9.6 6
  biscay 46.0 -7.6 12        bilbao 43.5 -3.1 0.3        bordeaux 45.55 -1.5 0.3     st_nazaire 47.05 -2.5 0.3
  finisterre 43.3 -9.9 5     vigo 42.15 -9.0 0.3         berlengas 39.4 -10.1 5      lisbon 38.58 -9.5 0.3
  st_vincent 36.8 -9.4 5     gibraltar_west 35.92 -6.3 2 gibraltar 35.94 -5.62 0.6   algeciras 36.08 -5.38 0.2
  tangier 35.94 -5.46 0.1    gibraltar_east 36.0 -5.2 1  alboran 36.15 -3.5 5        cabo_de_gata 36.5 -2.0 3
  cabo_de_palos 37.3 -0.4 3  nao 38.75 0.6 1.5           valencia 39.4 -0.2 0.3      barcelona 41.3 2.3 0.3
  balearic_sea 40.6 2.6 5    lion 42.2 4.5 5             marseille 43.25 4.95 0.3    ligurian_sea 43.4 8.6 3
  genoa 44.3 8.9 0.3         corsica_north 43.3 9.4 1    livorno 43.55 10.15 0.3     elba 42.5 9.8 0.5
  tyrrhenian 41.0 11.2 6     civitavecchia 42.05 11.7 0.3  naples 40.72 14.15 0.3    messina_north 38.4 15.6 0.4
  messina 38.15 15.6 0.03     messina_south 37.6 15.6 1   algiers_north 37.4 3.0 5    algiers 36.85 3.15 0.3
  sardinia_south 38.2 8.7 4  galite 37.95 9.3 3          cap_bon 37.35 11.3 2        tunis 37.0 10.6 0.3
  sicily_south 36.75 13.0 2  malta_north 36.35 14.8 1.5  malta 35.8 14.65 0.3        ionian 35.6 18.5 8
  ionian_north 38.5 19.2 5   otranto 40.2 18.9 2         adriatic_mid 42.3 17.2 2    adriatic_north 43.9 14.1 3
  ancona 43.7 13.65 0.3      venice 45.25 12.65 0.3      trieste 45.55 13.5 0.2      crete_south 34.3 24.0 6
  herodotus 33.2 28.0 6      port_said 31.42 32.4 0.4    antikythera 35.98 23.2 0.3  aegean_south 36.8 23.75 2
  piraeus 37.82 23.55 0.3    saronic 37.5 23.75 0.5      kea 37.65 24.17 0.2         andros 38.08 24.72 0.2
  aegean_mid 38.9 25.2 2     tenedos 39.7 25.8 1         dardanelles_west 40.0 26.05 0.3  istanbul 40.9 28.9 0.3
  marmara 40.8 28.2 0.8       constanta 44.1 28.85 0.3    black_sea_west 42.6 29.8 4  odesa 46.2 31.0 0.3
  black_sea_north 44.9 31.0 3  black_sea_mid 43.2 34.0 5 novorossiysk 44.5 37.6 0.3  heraklion 35.45 25.15 0.3
  kasos 35.28 26.6 0.6         levant 33.6 32.8 5          limassol 34.6 33.05 0.3     mersin 36.6 34.5 0.3
  cyprus_east 35.4 35.0 1.5  beirut 33.95 35.4 0.3       haifa 32.88 34.9 0.3        alexandria 31.35 29.8 0.3
  dardanelles_1 40.03 26.2 0.1  dardanelles_2 40.14 26.39 0.05  dardanelles_3 40.21 26.52 0.02  marmara_west 40.5 27.1 0.5
  bosporus_south 40.98 28.98 0.1  bosporus_mid 41.1 29.06 0.02  bosporus_north 41.27 29.15 0.2
  canal_north 31.25 32.31 0  ismailia 30.58 32.31 0      bitter_lakes 30.3 32.4 0    canal_south 29.95 32.57 0
  suez 29.75 32.55 0.3       zafarana 29.0 32.75 0.5      gulf_of_suez 28.3 33.3 0.8  jubal 27.65 34.08 0.3
  red_sea_north 26.3 35.1 5  red_sea_mid 22.0 37.9 6     jeddah 21.45 39.0 0.3       red_sea_south 17.5 40.1 6
  zubair 15.1 41.6 2         hanish 14.0 42.4 0.8        mocha 13.2 43.0 0.8         bab_el_mandeb 12.57 43.28 0.5
  aden_west 12.1 44.5 3      djibouti 11.7 43.25 0.3     aden 12.7 45.0 0.3          aden_east 13.2 49.5 5
  guardafui 12.6 51.0 1      socotra_north 13.9 54.0 8   arabian_sea 13.5 62.0 20    salalah 16.85 54.0 0.3
  masirah 20.0 59.9 5        ras_al_hadd 22.8 60.2 3     gulf_of_oman 24.8 58.0 4    fujairah 25.2 56.55 0.4
  hormuz_east 26.1 56.75 1   hormuz 26.57 56.5 0.5       tunb 26.08 55.3 0.4         gulf_east 26.02 54.2 1
  gulf_mid 26.5 52.3 4       gulf_north 28.3 50.0 3      jebel_ali 25.2 54.95 0.3    bandar_abbas 26.96 56.4 0.1
  larak 26.85 56.56 0.3        ras_laffan 26.05 51.75 0.3  ras_tanura 26.75 50.3 0.3   kharg 29.1 50.1 0.3
  kuwait 29.15 48.6 0.3      basra 29.55 48.85 0.2       karachi 24.65 66.85 0.3     gujarat 21.5 67.5 4
  mundra 22.65 68.9 0.3      mumbai 18.85 72.55 0.3      mumbai_west 18.5 71.3 5     kochi 9.95 76.0 0.3
  malabar 9.5 75.0 4         comorin 7.2 77.2 4          colombo 6.95 79.7 0.3       dondra 5.6 80.5 3
  ceylon_east 6.0 82.3 4     chennai 13.1 80.5 0.3       vizag 17.65 83.45 0.3       bengal 10.5 85.0 12
  bengal_north 18.0 88.5 10  kolkata 20.9 88.2 0.3       chittagong 21.9 91.5 0.3    aceh 6.2 94.5 4
  malacca_north 5.9 97.5 3   malacca_mid 4.2 99.3 2      penang 5.4 100.05 0.3       one_fathom 2.85 100.95 0.6
  klang 2.95 101.2 0.2       port_dickson 2.25 101.8 0.5 melaka 1.83 102.5 0.5       karimun 1.3 103.25 0.3
  singapore_west 1.19 103.6 0.2  sentosa 1.17 103.8 0.05 singapore 1.255 103.98 0.1  batam 1.23 104.05 0.1
  horsburgh 1.36 104.42 0.3  china_sea_south 3.0 105.2 3 china_sea_mid 7.0 108.0 8   china_sea_east 11.5 111.2 10
  china_sea_north 17.0 113.7 8  ho_chi_minh 10.2 107.15 0.3  ca_mau 7.8 104.5 4      gulf_of_thailand 10.5 101.3 5
  bangkok 13.1 100.7 0.3     manila 14.2 120.3 0.3       palawan_north 13.3 118.5 5  hainan_south 17.6 110.0 4
  tonkin 18.2 108.0 3        haiphong 20.5 107.1 0.3     hong_kong_south 21.6 114.5 4  hong_kong 21.95 114.2 0.3
  taiwan_south 22.4 117.6 4  taiwan_strait 24.4 119.3 3  taiwan_north 25.9 120.9 3   xiamen 24.3 118.35 0.3
  kaohsiung 22.55 120.15 0.3 keelung 25.3 121.75 0.3     bashi 21.45 121.2 2         zhejiang 28.3 123.0 4
  ningbo 29.75 122.75 0.3    yangtze 31.0 123.0 3        shanghai 31.05 122.4 0.3    yellow_sea 33.5 123.4 5
  qingdao 35.9 120.6 0.3     qingdao_east 35.6 121.8 2   shandong 37.2 123.1 2       bohai_strait 38.55 121.0 0.6
  tianjin 38.85 118.05 0.3   dalian 38.85 121.95 0.3     yellow_sea_north 37.9 122.6 1.5  incheon 37.05 125.8 0.3
  jeju_south 32.6 126.5 4    jeju_east 33.3 127.6 2      busan 35.0 129.1 0.3        korea_strait 34.35 129.8 1
  japan_sea 38.0 133.5 8     vladivostok 42.9 132.0 0.3  tsugaru_west 41.2 139.9 1   tappi 41.33 140.28 0.3
  tsugaru_mid 41.5 140.7 0.4 oma 41.67 141.03 0.2        tsugaru_east 41.5 141.8 2   tomakomai 42.5 141.6 0.3
  osumi 30.93 130.75 0.3     osumi_east 31.0 131.7 2     shikoku 32.3 133.5 3        kii_channel 33.6 134.95 1
  tomogashima 34.28 134.98 0.1  kobe 34.5 135.15 0.3     shionomisaki 33.2 135.8 3   ise_south 34.2 137.1 1
  ise_bay 34.53 136.98 0.1   nagoya 34.82 136.75 0.2     irozaki 34.4 138.8 1      sagami 35.02 139.5 0.5
  uraga 35.26 139.755 0.05     tokyo 35.46 139.83 0.1      nojima 34.65 140.1 2        inubo 35.6 141.5 4
  sendai 38.2 141.2 0.3      sanriku 39.5 142.7 4        amami 28.0 127.6 4          naha 26.2 127.5 0.3
  bintan 0.9 105.3 2         karimata_north -0.5 107.2 3 karimata -2.2 108.7 2       java_sea -5.0 109.5 5
  jakarta -5.9 106.9 0.3     java_sea_east -6.4 113.0 3  surabaya -6.7 112.8 0.2     makassar_south -5.5 117.5 3
  lombok_north -7.9 116.1 1.5  lombok -8.6 115.75 0.3      lombok_south -9.4 115.6 3   balikpapan -1.5 117.2 0.3
  makassar_mid -1.8 118.1 3  makassar_north 1.0 119.4 2  celebes 3.3 122.0 6         mindanao 5.0 126.0 1
  philippine_sea 12.0 130.5 20  sunda_west -6.7 104.6 2  sunda -5.95 105.75 0.2      sunda_east -5.5 106.3 0.8
  cocos -13.5 97.0 10        port_hedland -20.0 118.5 0.4  north_west_shelf -18.0 117.0 10  exmouth -21.3 113.4 5
  fremantle -31.85 115.6 0.3  leeuwin -34.9 114.5 5       great_bight -37.5 130.0 15  adelaide -35.5 136.3 0.3
  kangaroo -36.6 136.0 3     otway -39.3 143.3 2         melbourne -38.45 144.6 0.3  bass_strait -39.4 146.75 0.6
  gabo -37.8 150.3 3         sydney -33.9 151.4 0.3      newcastle -32.95 151.95 0.3 smoky_cape -30.9 153.5 3
  brisbane -26.75 153.35 0.3 sandy_cape -24.3 153.8 4    gladstone -23.8 151.6 0.3   hay_point -21.2 149.5 0.3
  capricorn -22.8 153.0 2    hydrographers -20.6 151.2 2 coral_sea -17.0 152.0 10    jomard -11.3 152.1 0.3
  woodlark -8.6 152.2 1      buka -5.6 153.9 0.5           bismarck -2.5 153.97 0.5       caroline 15.0 150.5 8
  tasman -34.3 165.0 15      new_zealand_north -34.0 173.0 3  coromandel -36.2 176.2 1  auckland -36.3 175.0 0.3
  tauranga -37.5 176.2 0.3   honolulu 21.2 -157.9 0.3    hawaii_north 22.8 -157.2 3  fiji_north -15.0 177.0 4
  suva -18.3 178.4 0.3       fiji_south -19.8 177.5 4    los_angeles 33.6 -118.2 0.3 conception 34.2 -121.2 4
  san_francisco 37.72 -122.8 0.3  farallon 37.6 -123.4 2 mendocino 40.4 -125.3 5     oregon 44.0 -125.3 5
  columbia 46.2 -124.25 0.3  flattery 48.5 -125.1 0.5   juan_de_fuca 48.3 -124.0 0.3  puget_sound 48.25 -123.2 0.3
  vancouver_west 48.3 -126.5 4  prince_rupert 54.1 -131.0 0.3  hecate_west 54.5 -134.5 4  gulf_of_alaska 57.5 -145.0 10
  valdez 60.0 -146.85 0.3     hinchinbrook 59.5 -147.1 1  kodiak 57.75 -151.9 0.3     
  unimak_south 53.5 -163.0 8 pacific_north_west 46.0 160.0 20  aleutians_south 49.5 178.0 20  pacific_north 50.0 -160.0 20
  pacific_north_east 48.8 -140.0 20  pacific_mid 38.0 -165.0 25  pacific_mid_east 36.0 -140.0 20
  balboa 8.75 -79.5 0.3      miraflores 8.98 -79.59 0    gamboa 9.12 -79.7 0         gatun 9.2 -79.9 0
  colon 9.5 -79.95 0.3       panama_gulf 7.1 -79.6 1.5   coiba 6.9 -82.0 3           nicoya 8.9 -86.1 5
  tehuantepec 13.8 -95.5 8   acapulco 15.9 -100.5 5      manzanillo 18.95 -104.45 0.3  corrientes 19.8 -106.4 4
  san_lucas 22.3 -110.4 3    baja 27.2 -116.0 4          ensenada 31.3 -117.8 3      buenaventura 3.75 -77.5 0.3
  guayaquil -2.9 -80.6 0.3   ecuador -1.3 -81.6 4        talara -4.7 -82.0 4         peru -9.0 -79.8 4
  callao -12.1 -77.35 0.3    pisco -14.2 -77.2 4         atacama -20.0 -71.3 4       antofagasta -23.6 -70.65 0.3
  valparaiso -32.95 -71.8 0.3  chile -40.0 -75.3 6       cape_horn -57.0 -67.5 10    diego_ramirez -54.0 -77.0 6
  falklands_west -52.8 -64.0 5  patagonia -44.0 -61.5 10 plata -35.7 -54.8 4         montevideo -35.05 -56.2 0.3
  buenos_aires -34.75 -57.6 0.3  rio_grande -32.35 -51.9 0.3  santa_catarina -28.5 -47.5 5  paranagua -25.7 -48.2 0.3
  santos -24.2 -46.3 0.3     rio -23.15 -43.15 0.3       cabo_frio -23.4 -41.7 3     vitoria -20.4 -40.1 0.3
  abrolhos -18.3 -37.7 4     salvador -13.2 -38.5 0.3    recife -8.05 -34.65 0.3     pernambuco -8.3 -33.8 5
  calcanhar -4.4 -34.7 5     fortaleza -3.6 -38.4 0.3    itaqui -2.1 -43.9 0.3       maranhao -0.8 -43.0 5
  amazon 4.8 -47.5 8         georgetown 7.1 -57.9 0.3    tobago 11.8 -60.0 3         trinidad 10.95 -61.9 0.3
  grenada_south 11.5 -62.0 1.5  aruba 13.0 -70.5 4       cartagena 10.4 -75.7 0.3    colon_north 11.0 -79.3 4
  jamaica_east 17.6 -75.4 3  kingston 17.8 -76.75 0.3    windward 20.05 -73.9 1      inagua_west 20.9 -74.1 1
  crooked_south 21.8 -74.6 0.6  crooked 22.78 -74.62 0.3 san_salvador 24.6 -73.6 3   caribbean 15.0 -72.5 8
  mona_south 17.5 -67.6 1.5    mona 18.3 -67.72 0.6        mona_north 19.2 -67.9 3     san_juan 18.55 -66.1 0.3
  cayman 18.8 -82.3 4        yucatan 21.6 -85.6 3        gulf_of_mexico 25.5 -89.0 10  houston 29.15 -94.6 0.4
  galveston 28.4 -94.3 3     new_orleans 28.8 -89.4 0.3  mississippi 28.2 -89.3 3    mobile 30.08 -88.1 0.3
  tampa 27.55 -83.0 0.3      corpus_christi 27.75 -96.95 0.3  veracruz 19.3 -96.05 0.3  campeche 21.0 -94.0 5
  tortugas 24.2 -83.0 1.5    havana 23.25 -82.35 0.3     florida_keys 24.15 -81.0 1  florida_strait 24.9 -79.9 0.6
  bimini 25.75 -79.65 0.6    miami 25.75 -80.0 0.2       bahama_north 27.5 -79.5 1   canaveral 28.9 -79.5 2
  jacksonville 30.4 -81.2 0.3  savannah 31.95 -80.6 0.3  charleston 32.65 -79.7 0.3  carolina 32.3 -78.5 4
  hatteras 34.8 -75.1 3      norfolk 36.9 -75.85 0.3     virginia 37.3 -74.6 4       delaware 38.75 -74.85 0.3
  new_york 40.45 -73.75 0.3  nantucket 40.4 -69.5 3      cape_cod 41.8 -69.3 2       boston 42.35 -70.7 0.3
  portland 43.5 -70.1 0.3    sable 42.9 -61.5 6          halifax 44.45 -63.4 0.3     cape_race 46.2 -53.1 4
  scatarie 45.8 -59.2 2      cabot_strait 47.4 -59.7 1.5 anticosti 48.7 -62.8 2      gaspe 49.45 -65.8 0.8
  quebec 48.62 -68.6 0.2     sept_iles 50.1 -66.4 0.3    st_johns 47.55 -52.55 0.3
  ocean_south_west 48.9 -12.0 12  atlantic_east 50.0 -22.0 20  atlantic_north 48.0 -38.0 20  grand_banks 42.5 -50.0 15
  azores_north 41.2 -28.0 12 ponta_delgada 37.65 -25.7 0.3  azores_south 36.2 -25.5 10  atlantic_mid 36.5 -45.0 25
  sargasso 28.0 -55.0 25     bermuda_south 29.5 -66.0 15 canary_east 28.2 -14.95 1   las_palmas 28.15 -15.33 0.3
  casablanca 33.7 -7.65 0.3  morocco 33.6 -9.0 4         cap_ghir 31.0 -11.0 4       cap_blanc 20.8 -18.4 4
  dakar 14.6 -17.6 0.3       dakar_west 14.7 -18.3 3     st_paul 4.0 -27.0 15        sherbro 7.0 -14.2 5
  conakry 9.3 -14.0 0.3      palmas 3.7 -8.2 4           abidjan 5.12 -4.0 0.3       tema 5.5 0.1 0.3
  lagos 6.25 3.4 0.3         benin 4.7 3.5 4             bonny 4.1 7.1 0.3           guinea 0.0 5.0 6
  congo -5.5 10.5 4          pointe_noire -4.85 11.65 0.3  luanda -8.75 13.05 0.3    angola -12.0 12.3 5
  walvis_bay -22.85 14.3 0.3 namibia -24.0 13.2 5        cape_town -33.8 18.2 0.3    cape_columbine -32.8 16.8 4
  good_hope -35.2 18.0 5     agulhas -35.7 20.5 4        port_elizabeth -33.95 25.9 0.3  algoa -34.6 26.0 4
  natal -30.8 31.3 4         durban -29.9 31.2 0.3       richards_bay -28.85 32.25 0.3  maputo -26.1 33.1 0.3
  delagoa -26.5 35.0 5       beira -20.1 35.3 0.3        mozambique_south -21.0 38.3 5  mozambique -16.5 42.0 5
  comoros -10.8 42.0 3       dar_es_salaam -6.85 39.6 0.3  mombasa -4.15 39.8 0.3    kenya -4.5 41.5 5
  somalia 4.5 51.0 12        horn 11.0 52.2 1            socotra_west 12.3 51.65 0.3  madagascar_south -27.5 47.0 12
  mauritius_south -22.0 57.5 6  port_louis -20.1 57.4 0.2  chagos -12.0 78.0 20      indian_ocean -20.0 80.0 25
  rodrigues -16.0 66.0 15    atlantic_south -33.0 -20.0 30  south_atlantic_west -26.0 -38.0 10
  ascension -12.5 -12.5 12   iceland_south 62.8 -20.5 5  reykjavik 64.2 -22.5 0.3    reykjanes 63.5 -23.2 2
  faroes_south 60.9 -7.0 3   cape_farewell 57.5 -43.0 15
  three_points 4.4 -2.0 3  istria 45.1 13.15 0.8  grundkallen 60.75 18.6 1  nile_delta 31.85 31.2 2
  mallorca_west 39.2 1.95 1  transkei -32.3 30.0 3  luanda_west -9.5 12.2 4  cape_fria -17.0 11.0 5
  honguedo 49.38 -64.4 1  cap_chat 49.35 -66.8 0.6  matane 49.0 -67.7 0.4  elafonisi 35.2 23.2 1
  matapan 36.2 22.4 1  methoni 36.6 21.4 2  coquimbo -29.5 -72.0 4  guajira 12.9 -72.0 3
  santa_marta 11.5 -75.0 2  northland -34.9 174.8 1  colville -36.42 175.42 0.1  sao_miguel_west 37.8 -26.1 1
  sao_miguel_east 37.4 -25.0 1.5  eluanbi 21.65 120.5 1  sakishima_south 23.2 125.0 4  daito_west 27.5 130.8 4
  batan_north 21.45 122.5 1  niger_delta 3.9 5.8 3  penas 43.95 -5.8 3  ortegal 44.0 -7.9 3
  penmarch 47.4 -4.9 2  moreton -26.8 153.75 1  byron -28.5 154.0 2  tumaco 2.3 -79.6 3
  san_francisco_cape 0.8 -80.6 2  tsushima_north 34.87 129.62 0.6  iki 33.8 129.2 0.6  st_pierre 46.3 -56.5 3
  progreso 23.1 -89.2 4  alegranza 29.6 -13.7 1  fuerteventura 28.9 -14.5 1  staten_island -55.3 -62.8 4
  butt_of_lewis 58.85 -6.6 1.5  jamaica_south 17.45 -77.2 2  jamaica_west 18.2 -78.9 3  galle 6.0 79.7 2
  santa_barbara 34.22 -119.75 0.4  mugu 33.95 -119.05 0.5  new_caledonia_north -18.0 162.3 4  efate -18.3 168.7 1
  shark_bay -25.5 112.5 5  geraldton -29.0 113.6 4  rottnest -32.0 115.2 1.5  naturaliste -33.5 114.5 3
  orkney_north 59.65 -2.75 1  orkney_east 59.2 -0.5 2  blaskets 51.6 -11.2 5  slyne_head 53.3 -11.0 5
  eagle_island 54.6 -10.7 5  tory_island 55.6 -8.6 2  fiji_west -17.5 176.3 4  sirri 26.05 54.75 0.5
  cape_sable 43.1 -65.8 2  kaiwi 21.22 -157.48 0.5  haida_gwaii 52.0 -133.0 4  sideros 35.5 26.3 1
  heuksan 34.3 124.5 2  jeju_west 33.0 125.4 2  oshima_west 34.82 139.23 0.2  kangean_east -6.4 116.6 2
  kodiak_south 56.3 -152.5 4  hyeres 42.7 6.2 2  passero 36.6 15.5 1  ganos 40.75 27.45 0.4
  kuria_muria 17.0 56.5 3  madrakah 18.6 58.4 3  mauritius_west -20.6 57.1 1  mauritius_north -19.75 57.4 0.5
  faro 38.265 15.675 0.03  capri_west 40.5 13.9 1  seal_rocks -32.6 152.9 2  erimo 41.5 143.5 3
  gardskagi 64.05 -23.15 1  ilhabela -24.15 -45.2 1  kinkasan 38.1 141.95 1  sardinia_east 38.9 10.0 2
  barbados_east 13.2 -58.7 2  nicobar_south 6.0 93.2 3  andaman_west 10.5 91.3 4  atka_south 50.3 -172.0 8
  naha_south 25.6 127.2 2
  hawaii_south 20.3 -158.2 3  villa 38.22 15.62 0.03  dixon 54.4 -132.0 0.5  nordkyn 71.4 28.2 2
  tsurugi 35.1 139.72 0.1  kawasaki 35.34 139.745 0.05
  chuuk_east 5.0 155.0 4
$$, '([a-z_0-9]+) (-?[0-9.]+) (-?[0-9.]+) ([0-9.]+)', 'g') as w (part)
on conflict (name) do nothing;
