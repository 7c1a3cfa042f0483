-- Plain SQL that both H2 and PostgreSQL understand. jOOQ's tables are generated from this folder.

-- One row for each build that was ever started.
create table shadow_index (
  shadow_index_id uuid not null primary key,
  -- Order of creation, for paging; the revision of the event that began the build.
  sequence bigint not null,
  branch_name varchar(255) not null,
  index_type varchar(32) not null,
  index_name varchar(255) not null,
  resource_types varchar array not null,
  full_rebuild boolean not null,
  parallel_workers integer not null,
  service_name varchar(255) not null,
  service_instance_id varchar(255) not null,
  labels varchar not null,

  state varchar(16) not null,
  attempt integer not null,
  fencing_token bigint not null,
  revision bigint not null,

  progress_percent integer not null,
  record_count bigint not null,
  estimated_completion_seconds integer,
  last_heartbeat_at timestamp(6) with time zone,

  -- What CompleteBuild brought; null before.
  reported_size_bytes bigint,
  measured_size_bytes bigint,
  expected_record_count bigint,
  build_duration_seconds bigint,
  performance_index double precision,
  attributes varchar,
  source_watermark varchar(1024),

  created_at timestamp(6) with time zone not null,
  started_at timestamp(6) with time zone,
  completed_at timestamp(6) with time zone,
  switched_at timestamp(6) with time zone,
  retain_until timestamp(6) with time zone,
  -- When retention began to delete the files; null while they are kept.
  files_deleted_at timestamp(6) with time zone,
  error_message varchar not null
);

create index shadow_index_by_sequence on shadow_index (sequence);
create index shadow_index_by_index on shadow_index (branch_name, index_type, index_name, sequence);
create index shadow_index_by_state on shadow_index (state, sequence);
create index shadow_index_by_retain_until on shadow_index (retain_until);

-- One row for each index: the build on its way and the generation that is live. A build exists only
-- while it holds live_build_id, which is what makes a second one impossible.
create table index_slot (
  branch_name varchar(255) not null,
  index_type varchar(32) not null,
  index_name varchar(255) not null,
  live_build_id uuid,
  active_id uuid,
  primary key (branch_name, index_type, index_name)
);

-- The log: every change of state, numbered in commit order.
create table build_event (
  revision bigint not null primary key,
  shadow_index_id uuid not null,
  previous_state varchar(16),
  state varchar(16) not null,
  attempt integer not null,
  message varchar not null,
  occurred_at timestamp(6) with time zone not null
);

create index build_event_by_build on build_event (shadow_index_id, revision);

-- The last numbers given out. One row; updated last in a transaction that appends to the log.
create table counter (
  only_row integer not null primary key,
  revision bigint not null,
  fencing_token bigint not null
);

insert into counter (only_row, revision, fencing_token) values (1, 0, 0);

-- One row for each switch between its intention and its end.
create table switch_journal (
  shadow_index_id uuid not null primary key,
  branch_name varchar(255) not null,
  index_type varchar(32) not null,
  index_name varchar(255) not null,
  old_id uuid,
  step varchar(16) not null,
  backup_current boolean not null,
  remark varchar not null,
  began_at timestamp(6) with time zone not null
);

-- One row for each resource type that a switch keeps writers away from.
create table resource_lock (
  branch_name varchar(255) not null,
  resource_type varchar(255) not null,
  shadow_index_id uuid not null,
  acquired_at timestamp(6) with time zone not null,
  primary key (branch_name, resource_type)
);

create index resource_lock_by_holder on resource_lock (shadow_index_id);
