-- A worker fell silent, and the others were told to pause.
insert into build_event (revision, shadow_index_id, previous_state, state, attempt, message, occurred_at,
  kind, workers)
select counter.revision + step, shadow_index_id, state, state, 1, '', current_timestamp,
  array['STALLED', 'PAUSED'][step], case when step = 1 then array['worker-1'] end
from shadow_index, counter, (select x as step from system_range(1, 2))
where branch_name = 'building';

update counter set revision = revision + 2;

update shadow_index set stalled = true, paused = true, revision = (select revision from counter)
where branch_name = 'building';
