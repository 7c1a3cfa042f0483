-- What a journal row is about: a SWITCH to a build, a ROLLBACK to a retained generation, or the REMOVAL
-- of an index, whose row then carries the generation that stops being live.
alter table switch_journal add column kind varchar(16) default 'SWITCH' not null;

-- Whether a superseded generation counts among the last ones that are kept however old they are.
alter table shadow_index add column backup boolean default false not null;
