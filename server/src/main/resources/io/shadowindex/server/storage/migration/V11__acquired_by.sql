-- The principal that acquired a lock, whom it belongs to; empty where nobody was asked.
alter table held_lock add column acquired_by varchar(255) default '' not null;
