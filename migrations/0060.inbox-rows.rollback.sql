drop table if exists vessel_activity.inbox cascade;
