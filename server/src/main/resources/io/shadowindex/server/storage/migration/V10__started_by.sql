-- The principal that started a build, whom it belongs to; empty where nobody was asked.
alter table shadow_index add column started_by varchar(255) default '' not null;
