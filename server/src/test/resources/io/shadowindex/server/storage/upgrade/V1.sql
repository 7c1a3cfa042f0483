-- What a server of the first version leaves when it is killed: a build in each state, on a branch named
-- after it; one that will be switched to by itself; and an index that was rolled back from its third
-- generation to its second. Nothing has been forgotten yet.
insert into shadow_index (shadow_index_id, sequence, branch_name, index_type, index_name, resource_types,
  full_rebuild, parallel_workers, service_name, service_instance_id, labels, state, attempt, fencing_token,
  revision, progress_percent, record_count, last_heartbeat_at, created_at, started_at, error_message)
select cast('00000000-0000-4000-8000-' || lpad(x, 12, '0') as uuid), x,
  array['preparing', 'building', 'built', 'switching', 'active', 'cleanup', 'failed', 'cancelled',
    'automatic', 'rolled-back', 'rolled-back', 'rolled-back'][x],
  'SEARCH_INDEX', 'default', array['object_type', 'link_type'], true, 2, 'indexer', 'indexer-7',
  '{"team":"search"}',
  array['PREPARING', 'BUILDING', 'BUILT', 'SWITCHING', 'ACTIVE', 'CLEANUP', 'FAILED', 'CANCELLED',
    'BUILT', 'CLEANUP', 'ACTIVE', 'CLEANUP'][x],
  1, x, 0, 50, 500, current_timestamp, current_timestamp, current_timestamp, ''
from system_range(1, 12);

-- The one file of each generation holds its id.
update shadow_index
set progress_percent = 100, record_count = 1000, reported_size_bytes = 36, measured_size_bytes = 36,
  expected_record_count = 1000, build_duration_seconds = 60, performance_index = 0.5,
  attributes = '{"shards":4}', source_watermark = 'commit 1a2b3c', completed_at = current_timestamp
where state in ('BUILT', 'SWITCHING', 'ACTIVE', 'CLEANUP');

update shadow_index set switched_at = dateadd(second, sequence, current_timestamp)
where state in ('ACTIVE', 'CLEANUP');

update shadow_index set retain_until = dateadd(day, 7, current_timestamp)
where state in ('CLEANUP', 'FAILED', 'CANCELLED');

update shadow_index set error_message = 'no more memory' where state = 'FAILED';
update shadow_index set error_message = 'not needed' where state = 'CANCELLED';

insert into index_slot (branch_name, index_type, index_name, live_build_id, active_id)
select branch_name, index_type, index_name,
  max(case when state in ('PREPARING', 'BUILDING', 'BUILT', 'SWITCHING') then shadow_index_id end),
  max(case when state = 'ACTIVE' then shadow_index_id end)
from shadow_index
group by branch_name, index_type, index_name;

-- One build after the other went its way.
insert into build_event (revision, shadow_index_id, previous_state, state, attempt, message, occurred_at)
select row_number() over (order by sequence, step), shadow_index_id,
  case when step > 1 then path[step - 1] end, path[step], 1, 'from before', current_timestamp
from (
  select shadow_index_id, sequence,
    case state
      when 'FAILED' then array['PREPARING', 'BUILDING', 'FAILED']
      when 'CANCELLED' then array['PREPARING', 'BUILDING', 'CANCELLED']
      else trim_array(array['PREPARING', 'BUILDING', 'BUILT', 'SWITCHING', 'ACTIVE', 'CLEANUP'],
        case state
          when 'PREPARING' then 5
          when 'BUILDING' then 4
          when 'BUILT' then 3
          when 'SWITCHING' then 2
          when 'ACTIVE' then 1
          else 0
        end)
    end as path
  from shadow_index) build
join (select x as step from system_range(1, 6)) steps on step <= cardinality(path);

update shadow_index build
set revision = (select max(revision) from build_event event where event.shadow_index_id = build.shadow_index_id),
  sequence = (select min(revision) from build_event event where event.shadow_index_id = build.shadow_index_id);

update counter set revision = (select max(revision) from build_event), fencing_token = 12;

-- The switch that it was killed in.
insert into switch_journal (shadow_index_id, branch_name, index_type, index_name, old_id, step,
  backup_current, remark, began_at)
select shadow_index_id, branch_name, index_type, index_name, null, 'INTENDED', true, '', current_timestamp
from shadow_index where state = 'SWITCHING';

insert into resource_lock (branch_name, resource_type, shadow_index_id, acquired_at)
select branch_name, 'object_type', shadow_index_id, current_timestamp
from shadow_index where state = 'SWITCHING';
