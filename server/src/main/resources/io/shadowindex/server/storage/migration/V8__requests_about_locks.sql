-- Calls about a lock rather than a build.
alter table request add column lock_id uuid;
alter table audit_entry add column lock_id uuid;
