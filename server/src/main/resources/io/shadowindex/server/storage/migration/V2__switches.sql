-- What a journal row is about: a SWITCH to a build, a ROLLBACK to a retained generation, or the REMOVAL
-- of an index, whose row then carries the generation that stops being live.
alter table switch_journal add column kind varchar(16) default 'SWITCH' not null;

-- Whether a superseded generation counts among the last ones that are kept however old they are.
alter table shadow_index add column backup boolean default false not null;

-- How a build becomes live, and so where its generation lies.
alter table shadow_index add column switch_strategy varchar(32) default 'ATOMIC_RENAME' not null;

-- The automatic switch that a build asked for, and whether it is still to be made.
alter table shadow_index add column auto_switch boolean default false not null;
alter table shadow_index add column auto_switch_checks varchar array;
alter table shadow_index add column auto_switch_backup boolean default false not null;
alter table shadow_index add column auto_switch_timeout_seconds integer default 0 not null;
alter table shadow_index add column auto_switch_due boolean default false not null;

-- What became of the last attempt to make the generation live; null before the first.
alter table shadow_index add column last_switch_at timestamp(6) with time zone;
alter table shadow_index add column last_switch_success boolean;
alter table shadow_index add column last_switch_automatic boolean;
alter table shadow_index add column last_switch_message varchar;
alter table shadow_index add column last_switch_lock_held_micros bigint;
alter table shadow_index add column last_switch_duration_micros bigint;
alter table shadow_index add column last_switch_validation_errors varchar array;
alter table shadow_index add column last_switch_verification_errors varchar array;

create index shadow_index_by_last_switch on shadow_index (last_switch_at);
