-- Whether a rollback led away from a generation: the next one that names none passes over it.
alter table shadow_index add column left_by_rollback boolean default false not null;

-- Until now it passed over what was built after the live generation.
update shadow_index
set left_by_rollback = true
where state = 'CLEANUP'
  and exists (
    select 1
    from shadow_index active
    where active.branch_name = shadow_index.branch_name
      and active.index_type = shadow_index.index_type
      and active.index_name = shadow_index.index_name
      and active.state = 'ACTIVE'
      and active.sequence < shadow_index.sequence
  );
