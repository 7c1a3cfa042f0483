-- How many builds of a branch and an index type are in a state; the branch without a name stands for all branches.
-- Kept by the transactions that change states, so that a page of a list can say how many there are without
-- looking at each.
create table build_count (
  branch_name varchar(255) not null,
  index_type varchar(32) not null,
  state varchar(16) not null,
  builds bigint not null,
  primary key (branch_name, index_type, state)
);

insert into build_count (branch_name, index_type, state, builds)
select branch_name, index_type, state, count(*) from shadow_index group by branch_name, index_type, state;

insert into build_count (branch_name, index_type, state, builds)
select '', index_type, state, count(*) from shadow_index group by index_type, state;
