-- The locks of what it was killed in; one by hand, of two types; and one that has expired.
insert into held_lock (branch_name, resource_type, resource_id, lock_id, lock_type, lock_mode, owner, reason,
  ttl_seconds, heartbeat_interval_seconds, fencing_token, acquired_at, expires_at)
select journal.branch_name, 'object_type', '', journal.shadow_index_id, 'INDEXING', 'EXCLUSIVE', 'shadowindex', 'switch', 0,
  0, fencing_token, current_timestamp, null
from switch_journal journal
join shadow_index build on build.shadow_index_id = journal.shadow_index_id;

update counter set fencing_token = fencing_token + 2;

insert into held_lock (branch_name, resource_type, resource_id, lock_id, lock_type, lock_mode, owner, reason,
  ttl_seconds, heartbeat_interval_seconds, fencing_token, acquired_at, expires_at)
select 'locked', resource_type, '', '00000000-0000-4000-8000-0000000000a1', 'MANUAL', 'EXCLUSIVE', 'alice',
  'moves house', 3600, 60, fencing_token, current_timestamp, dateadd(hour, 1, current_timestamp)
from counter, (values ('object_type'), ('link_type')) types (resource_type);

insert into lock_ending (lock_id, branch_name, resource_types, resource_id, lock_type, lock_mode, owner, reason,
  ttl_seconds, heartbeat_interval_seconds, fencing_token, acquired_at, expires_at, how, ended_by, end_reason,
  ended_at)
select '00000000-0000-4000-8000-0000000000a2', 'locked', array['action_type'], '', 'BACKUP', 'EXCLUSIVE',
  'bob', 'copies', 60, 0, fencing_token - 1, current_timestamp, current_timestamp, 'EXPIRED', '', '',
  current_timestamp
from counter;
