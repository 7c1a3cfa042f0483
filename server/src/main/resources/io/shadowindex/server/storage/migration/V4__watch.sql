-- The log holds more than changes of state: what an event is, and which workers it is about.
alter table build_event add column kind varchar(32) default 'STATE_CHANGED' not null;
alter table build_event add column workers varchar array;

create index build_event_by_time on build_event (occurred_at);

-- Told by workers and operators while a build is BUILDING.
alter table shadow_index add column stalled boolean default false not null;
alter table shadow_index add column paused boolean default false not null;
