-- Nothing asks by it: an entry is completed by its place in the log.
drop index audit_entry_by_call;

-- How many places are taken at once. H2 commits that by itself, and with it writes whatever the transaction under way
-- has changed; after a crash the rest of them stay unused.
-- [jooq ignore start]
alter table audit_entry alter column sequence set cache 1000;
-- [jooq ignore stop]
