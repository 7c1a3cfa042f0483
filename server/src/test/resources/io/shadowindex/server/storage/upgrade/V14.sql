update counter set fencing_token = fencing_token + 1, held_leases = held_leases + 1;

insert into held_lock (branch_name, resource_type, resource_id, lock_id, lock_type, lock_mode, owner, reason,
  ttl_seconds, heartbeat_interval_seconds, fencing_token, acquired_at, expires_at)
select 'leased', '', '', '00000000-0000-4000-8000-0000000000a3', 'MANUAL', 'SHARED', 'bob', 'writes', 3600, 0,
  fencing_token, current_timestamp, dateadd(hour, 1, current_timestamp)
from counter;
