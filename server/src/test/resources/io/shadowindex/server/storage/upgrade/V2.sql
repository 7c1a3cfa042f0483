update shadow_index set backup = true where state in ('ACTIVE', 'CLEANUP');

update shadow_index set switch_strategy = 'COPY_AND_REPLACE' where branch_name = 'built';

update shadow_index
set auto_switch = true, auto_switch_checks = array['RECORD_COUNT_VALIDATION'], auto_switch_backup = true,
  auto_switch_timeout_seconds = 10, auto_switch_due = true
where branch_name = 'automatic';

update shadow_index
set last_switch_at = current_timestamp, last_switch_success = true, last_switch_automatic = false,
  last_switch_message = 'switched before', last_switch_lock_held_micros = 2500,
  last_switch_duration_micros = 9000, last_switch_validation_errors = array[],
  last_switch_verification_errors = array[]
where state = 'ACTIVE';

-- A rollback that it was killed in, too.
insert into switch_journal (shadow_index_id, branch_name, index_type, index_name, old_id, step,
  backup_current, remark, began_at, kind)
select old.shadow_index_id, old.branch_name, old.index_type, old.index_name, active.shadow_index_id, 'INTENDED',
  true, '', current_timestamp, 'ROLLBACK'
from shadow_index active
join shadow_index old on old.branch_name = active.branch_name and old.sequence < active.sequence
where active.branch_name = 'rolled-back' and active.state = 'ACTIVE';

insert into resource_lock (branch_name, resource_type, shadow_index_id, acquired_at)
select branch_name, 'object_type', shadow_index_id, current_timestamp from switch_journal where kind = 'ROLLBACK';
