-- The lanes of the chart. A line is a chain of waypoints, sailed in both directions; the word before it is the pace.
insert into vessel_activity_demo.lane (waypoint, next_waypoint, pace, length_nm)
select e.waypoint, e.next_waypoint, e.pace,
  vessel_activity_demo.distance_nm(a.latitude, a.longitude, b.latitude, b.longitude)
from (
  select c.stops[n.nth + d.here] as waypoint, c.stops[n.nth + 1 - d.here] as next_waypoint, c.pace
  from (
    select
      case m.part[1] when 'canal' then 0.5 when 'strait' then 0.8 else 1 end as pace,
      pg_catalog.regexp_split_to_array(m.part[2], ' ') as stops
    from pg_catalog.regexp_matches($$
      sea: maas noord_hinder dover beachy_head channel_mid casquets ushant biscay finisterre berlengas st_vincent gibraltar_west
      strait: gibraltar_west gibraltar gibraltar_east alboran
      strait: gibraltar algeciras gibraltar_east tangier gibraltar
      strait: calais dover dover_port calais
      sea: rotterdam maas texel vlieland terschelling german_bight hamburg
      sea: german_bight bremerhaven
      sea: amsterdam texel north_sea_south
      sea: antwerp noord_hinder felixstowe
      sea: noord_hinder north_sea_south north_sea_mid north_sea_north orkney_east
      sea: maas felixstowe thames dover
      sea: maas north_sea_south humber off_tees
      sea: tees off_tees off_forth forth
      sea: off_tees north_sea_mid off_forth off_aberdeen aberdeen
      sea: off_aberdeen orkney_east fair_isle orkney_north cape_wrath butt_of_lewis hebrides malin_head north_channel
      sea: off_aberdeen north_sea_north stavanger
      sea: le_havre channel_mid southampton beachy_head le_havre
      sea: casquets channel_west scilly fastnet ocean_south_west
      sea: southampton casquets plymouth channel_west ushant
      sea: scilly smalls
      sea: german_bight jutland hanstholm skagerrak skaw
      sea: vlieland jutland
      sea: north_sea_mid hanstholm
      sea: skaw gothenburg kattegat_north skaw
      sea: kattegat_north kattegat_mid kullen
      strait: kullen oresund_north helsingor oresund_mid copenhagen drogden oresund_south
      sea: oresund_south arkona
      sea: oresund_south trelleborg arkona
      sea: kattegat_north anholt_west sjaellands_rev
      strait: sjaellands_rev samso belt_north great_belt belt_south langeland langeland_south
      sea: kiel langeland_south fehmarn_belt mecklenburg kadet darss arkona
      sea: kadet rostock darss trelleborg
      sea: arkona bornholm_gat baltic_south gotland_east baltic_north finland_west finland_mid hogland finland_east st_petersburg
      sea: helsinki finland_mid tallinn helsinki
      sea: baltic_south gulf_of_gdansk gdansk
      sea: gulf_of_gdansk gotland_east klaipeda
      sea: gotland_east ventspils baltic_north stockholm aland_sea grundkallen bothnia sundsvall
      sea: bothnia gavle grundkallen
      sea: stockholm finland_west
      sea: oslo skagerrak kristiansand lindesnes jaeren sotra stad trondelag lofoten andenes north_cape nordkyn vardo murmansk
      sea: oslo skaw
      sea: hanstholm lindesnes north_sea_mid
      sea: stavanger jaeren north_sea_north
      sea: bergen sotra
      sea: stad kristiansund trondelag
      sea: tromso north_cape
      sea: tromso andenes
      sea: sotra orkney_east
      sea: faroes_south cape_wrath
      strait: north_channel belfast galloway
      strait: north_channel galloway man_west
      sea: man_west irish_sea st_george smalls
      sea: dublin irish_sea anglesey liverpool
      sea: dublin anglesey st_george
      sea: smalls milford_haven lundy bristol
      sea: lundy smalls fastnet cork smalls
      sea: scilly biscay
      sea: scilly ushant
      sea: fastnet blaskets slyne_head eagle_island tory_island malin_head
      sea: bilbao penmarch st_nazaire
      sea: bordeaux penmarch ushant
      sea: bilbao penas ortegal finisterre vigo berlengas lisbon st_vincent
      sea: alboran cabo_de_gata cabo_de_palos nao valencia barcelona balearic_sea
      sea: nao balearic_sea lion marseille
      sea: nao barcelona lion ligurian_sea genoa
      sea: marseille hyeres ligurian_sea corsica_north livorno genoa
      sea: corsica_north elba tyrrhenian capri_west naples
      sea: elba livorno
      sea: elba civitavecchia tyrrhenian messina_north
      strait: messina_north faro villa messina messina_south
      sea: messina_south ionian
      sea: cabo_de_gata algiers_north sardinia_south galite cap_bon sicily_south malta_north ionian crete_south herodotus port_said
      sea: barcelona mallorca_west algiers_north algiers
      sea: tyrrhenian sardinia_east sardinia_south
      sea: tunis cap_bon
      sea: tunis galite
      sea: malta malta_north passero messina_south
      sea: malta ionian
      sea: malta_north ionian_north messina_south
      sea: ionian ionian_north otranto adriatic_mid adriatic_north istria venice trieste istria
      sea: ancona adriatic_north
      sea: ancona adriatic_mid
      sea: malta_north antikythera elafonisi crete_south ionian
      sea: ionian_north methoni matapan antikythera aegean_south saronic piraeus
      sea: saronic kea andros aegean_mid tenedos dardanelles_west
      canal: dardanelles_west dardanelles_1 dardanelles_2 dardanelles_3 marmara_west
      sea: marmara_west ganos marmara istanbul
      canal: istanbul bosporus_south bosporus_mid bosporus_north
      sea: bosporus_north black_sea_west constanta black_sea_north odesa
      sea: black_sea_west black_sea_north
      sea: bosporus_north black_sea_mid novorossiysk
      sea: aegean_south heraklion sideros kasos levant limassol
      sea: aegean_south sideros herodotus
      sea: levant beirut haifa port_said limassol
      sea: levant port_said nile_delta alexandria herodotus
      sea: crete_south alexandria
      sea: beirut cyprus_east mersin
      sea: limassol beirut
      canal: port_said canal_north ismailia bitter_lakes canal_south suez
      strait: suez zafarana gulf_of_suez jubal red_sea_north
      sea: red_sea_north red_sea_mid red_sea_south zubair hanish mocha
      sea: red_sea_mid jeddah red_sea_south
      strait: mocha bab_el_mandeb
      sea: bab_el_mandeb aden_west aden_east socotra_north arabian_sea malabar comorin dondra ceylon_east aceh
      sea: djibouti aden_west aden aden_east
      sea: aden_east salalah kuria_muria madrakah masirah ras_al_hadd gulf_of_oman
      sea: socotra_north salalah
      sea: socotra_north masirah
      sea: aden_east guardafui socotra_west horn somalia kenya mombasa
      sea: gulf_of_oman fujairah hormuz_east gulf_of_oman
      strait: hormuz_east hormuz tunb sirri gulf_east
      sea: hormuz larak bandar_abbas
      
      sea: gulf_east gulf_mid gulf_north kharg
      sea: tunb jebel_ali gulf_mid
      sea: gulf_mid ras_laffan ras_tanura gulf_mid
      sea: ras_tanura gulf_north kuwait basra gulf_north
      sea: ras_al_hadd arabian_sea gujarat mumbai_west malabar
      sea: ras_al_hadd gujarat mundra
      sea: gulf_of_oman karachi gujarat
      sea: ras_al_hadd mumbai_west mumbai
      sea: malabar kochi comorin colombo galle dondra
      sea: arabian_sea mumbai_west
      sea: ceylon_east chennai bengal
      sea: ceylon_east bengal vizag bengal_north kolkata
      sea: chittagong bengal_north andaman_west nicobar_south aceh
      sea: chennai vizag
      sea: bengal aceh malacca_north malacca_mid
      strait: malacca_mid one_fathom port_dickson melaka karimun singapore_west sentosa singapore batam horsburgh
      strait: sentosa batam
      sea: malacca_north penang malacca_mid
      sea: one_fathom klang
      sea: horsburgh china_sea_south china_sea_mid china_sea_east china_sea_north hong_kong_south taiwan_south
      sea: china_sea_south ca_mau gulf_of_thailand bangkok
      sea: ca_mau china_sea_mid ho_chi_minh china_sea_east
      sea: china_sea_east hainan_south tonkin haiphong
      sea: hainan_south hong_kong_south hong_kong
      sea: china_sea_north bashi sakishima_south daito_west shikoku
      sea: china_sea_north manila palawan_north china_sea_mid
      sea: manila china_sea_east
      sea: manila hong_kong_south bashi
      sea: taiwan_south kaohsiung eluanbi bashi
      sea: taiwan_south taiwan_strait taiwan_north zhejiang yangtze yellow_sea qingdao_east shandong yellow_sea_north bohai_strait
      sea: taiwan_south xiamen taiwan_strait
      sea: keelung taiwan_north
      sea: keelung amami
      sea: zhejiang ningbo yangtze shanghai
      sea: yellow_sea shandong
      sea: qingdao qingdao_east incheon shandong
      sea: dalian bohai_strait tianjin
      sea: dalian yellow_sea_north incheon yellow_sea
      sea: yangtze jeju_south jeju_east busan
      sea: incheon heuksan jeju_west jeju_south
      sea: jeju_east iki korea_strait tsushima_north busan
      sea: tsushima_north japan_sea vladivostok
      sea: japan_sea tsugaru_west
      strait: tsugaru_west tappi tsugaru_mid oma tsugaru_east
      sea: yangtze osumi osumi_east shikoku shionomisaki ise_south irozaki oshima_west sagami
      sea: jeju_south osumi
      sea: zhejiang osumi
      sea: amami naha bashi
      sea: amami zhejiang naha
      strait: shikoku kii_channel tomogashima kobe
      sea: kii_channel shionomisaki
      strait: ise_south ise_bay nagoya
      strait: sagami tsurugi uraga kawasaki tokyo
      sea: sagami nojima inubo kinkasan sanriku tsugaru_east tomakomai sanriku inubo
      
      sea: tsugaru_east erimo pacific_north_west aleutians_south pacific_north pacific_north_east vancouver_west flattery
      sea: inubo pacific_north_west
      sea: inubo pacific_mid pacific_mid_east conception santa_barbara mugu los_angeles
      sea: pacific_mid hawaii_north kaiwi honolulu
      sea: hawaii_north pacific_mid_east san_francisco
      sea: hawaii_north conception
      sea: pacific_north_east mendocino
      sea: aleutians_south atka_south unimak_south gulf_of_alaska hinchinbrook valdez
      sea: unimak_south pacific_north_east
      sea: unimak_south kodiak_south kodiak gulf_of_alaska hecate_west dixon prince_rupert
      sea: hecate_west haida_gwaii vancouver_west
      sea: hecate_west pacific_north_east
      strait: flattery juan_de_fuca puget_sound
      sea: vancouver_west oregon flattery columbia oregon mendocino farallon san_francisco
      sea: farallon conception
      sea: los_angeles ensenada baja san_lucas corrientes manzanillo acapulco tehuantepec nicoya coiba panama_gulf balboa
      sea: corrientes acapulco
      canal: balboa miraflores gamboa gatun colon
      sea: panama_gulf buenaventura tumaco san_francisco_cape ecuador guayaquil talara
      sea: panama_gulf san_francisco_cape talara peru callao pisco atacama antofagasta coquimbo valparaiso chile diego_ramirez cape_horn staten_island falklands_west
      sea: peru pisco
      sea: coiba ecuador
      sea: falklands_west patagonia plata rio_grande santa_catarina santos
      sea: buenos_aires montevideo plata santa_catarina cabo_frio abrolhos pernambuco calcanhar amazon tobago
      sea: santa_catarina paranagua santos cabo_frio rio ilhabela santos
      sea: cabo_frio vitoria abrolhos salvador pernambuco recife calcanhar fortaleza maranhao itaqui
      sea: maranhao amazon georgetown tobago
      sea: tobago trinidad grenada_south tobago
      sea: grenada_south aruba guajira santa_marta cartagena colon_north colon
      sea: aruba colon_north jamaica_east windward inagua_west crooked_south crooked san_salvador
      sea: colon cayman
      sea: colon_north cayman yucatan gulf_of_mexico galveston houston
      sea: jamaica_east kingston jamaica_south jamaica_west cayman
      sea: jamaica_east caribbean grenada_south
      sea: colon_north caribbean mona_south mona mona_north
      sea: aruba mona_south
      sea: mona_north san_juan sargasso
      sea: mona_north azores_north atlantic_east
      sea: mona_north ponta_delgada
      sea: mona_north san_salvador
      sea: mona_north sargasso
      sea: tobago barbados_east sargasso
      sea: calcanhar sargasso
      sea: yucatan tortugas florida_keys
      sea: yucatan progreso campeche veracruz
      sea: gulf_of_mexico campeche
      sea: gulf_of_mexico corpus_christi galveston mississippi new_orleans
      sea: gulf_of_mexico mississippi mobile
      sea: gulf_of_mexico tortugas tampa
      sea: mississippi tortugas havana florida_keys
      strait: florida_keys florida_strait bimini bahama_north
      sea: bimini miami
      sea: bahama_north canaveral carolina hatteras virginia nantucket cape_cod boston portland
      sea: canaveral jacksonville carolina
      sea: savannah carolina charleston
      sea: norfolk virginia delaware
      sea: hatteras norfolk
      sea: virginia new_york nantucket
      sea: delaware nantucket sable
      sea: san_salvador hatteras
      sea: san_salvador virginia
      sea: boston sable cape_race
      sea: portland cape_sable halifax sable grand_banks
      sea: sable scatarie cabot_strait anticosti honguedo gaspe cap_chat matane quebec
      sea: sept_iles gaspe
      sea: cabot_strait st_pierre cape_race st_johns atlantic_north
      sea: nantucket grand_banks atlantic_north atlantic_east ocean_south_west ushant
      sea: ocean_south_west casquets
      sea: atlantic_east scilly
      sea: grand_banks azores_north finisterre
      sea: san_salvador bermuda_south atlantic_mid azores_south st_vincent
      sea: nantucket atlantic_mid
      sea: hatteras atlantic_mid
      sea: canaveral bermuda_south
      sea: azores_south ponta_delgada sao_miguel_west azores_north
      sea: ponta_delgada sao_miguel_east berlengas
      sea: st_johns cape_farewell reykjanes
      sea: finisterre canary_east
      sea: st_vincent canary_east cap_blanc dakar_west dakar
      sea: canary_east las_palmas
      sea: cap_ghir alegranza fuerteventura canary_east
      sea: gibraltar_west casablanca morocco cap_ghir
      sea: gibraltar_west morocco
      sea: st_vincent morocco
      sea: azores_south sargasso
      sea: dakar_west st_paul calcanhar
      sea: dakar_west sherbro palmas abidjan three_points tema benin
      sea: conakry sherbro
      sea: palmas benin lagos
      sea: benin niger_delta bonny guinea
      sea: palmas guinea congo pointe_noire
      sea: congo luanda_west angola cape_fria namibia cape_columbine good_hope
      sea: palmas cape_columbine cape_town good_hope
      sea: congo luanda luanda_west
      
      sea: namibia walvis_bay cape_fria
      sea: good_hope agulhas algoa transkei natal delagoa mozambique_south mozambique comoros kenya
      sea: algoa port_elizabeth
      sea: transkei durban natal richards_bay delagoa maputo
      sea: beira mozambique_south
      sea: dar_es_salaam comoros
      sea: dar_es_salaam kenya
      sea: comoros somalia arabian_sea
      sea: agulhas madagascar_south mauritius_south mauritius_west port_louis mauritius_north rodrigues chagos
      sea: natal madagascar_south indian_ocean cocos sunda_west
      sea: mauritius_south indian_ocean
      sea: chagos aceh
      sea: indian_ocean aceh
      sea: good_hope atlantic_south south_atlantic_west cabo_frio
      sea: south_atlantic_west vitoria
      sea: good_hope atlantic_south plata
      sea: good_hope ascension st_paul
      sea: dondra rodrigues
      sea: sunda_west sunda sunda_east jakarta java_sea karimata karimata_north bintan horsburgh
      sea: sunda_east java_sea java_sea_east makassar_south
      sea: java_sea_east kangean_east lombok_north makassar_south makassar_mid makassar_north celebes mindanao philippine_sea
      sea: surabaya java_sea_east
      sea: balikpapan makassar_mid
      strait: lombok_north lombok lombok_south
      sea: lombok_south north_west_shelf port_hedland
      sea: lombok_south exmouth north_west_shelf
      sea: cocos lombok_south
      sea: cocos exmouth shark_bay geraldton naturaliste leeuwin great_bight otway melbourne bass_strait gabo sydney newcastle seal_rocks smoky_cape byron moreton brisbane
      sea: great_bight kangaroo adelaide
      sea: kangaroo otway bass_strait
      sea: gabo smoky_cape byron sandy_cape capricorn gladstone
      sea: capricorn hydrographers hay_point
      sea: sandy_cape coral_sea jomard woodlark buka bismarck chuuk_east caroline
      sea: hydrographers coral_sea
      sea: caroline nojima
      sea: bismarck philippine_sea
      sea: philippine_sea shikoku
      sea: philippine_sea naha_south naha
      sea: philippine_sea batan_north bashi
      
      sea: sydney tasman new_zealand_north northland auckland colville coromandel tauranga
      sea: new_zealand_north coromandel
      sea: brisbane tasman
      sea: new_zealand_north fiji_south suva
      sea: fiji_south fiji_west fiji_north hawaii_south honolulu
      sea: coral_sea new_caledonia_north efate fiji_south
      sea: leeuwin mauritius_south
      sea: orkney_north faroes_south iceland_south reykjanes gardskagi reykjavik
      sea: geraldton fremantle rottnest naturaliste
      sea: kasos herodotus
      sea: capri_west messina_north
      sea: sendai kinkasan
      sea: hawaii_south kaiwi
    $$, '(sea|strait|canal): ([a-z_0-9 ]+)', 'g') as m (part)
  ) as c
  cross join lateral pg_catalog.generate_series(1, pg_catalog.cardinality(c.stops) - 1) as n (nth)
  cross join (values (0), (1)) as d (here)
) as e
left join vessel_activity_demo.waypoint as a on a.name = e.waypoint
left join vessel_activity_demo.waypoint as b on b.name = e.next_waypoint
on conflict (waypoint, next_waypoint) do nothing;
