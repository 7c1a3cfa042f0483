-- How many leases are in held_lock, each counted once however many rows it has, and the locks of switches not.
alter table counter add column held_leases integer default 0 not null;

update counter
set held_leases = (select count(distinct lock_id) from held_lock where expires_at is not null);
