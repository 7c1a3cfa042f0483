-- Locks of every kind: those of switches, those by hand, and writers' leases. They take the place of a
-- table that only knew switches; the rows of a switch that a crash cut off may go, because no lock is
-- asked for before recovery has ended it.
drop table resource_lock;

-- One row for each resource type that a lock covers; '' stands for all types or all resources.
create table held_lock (
  branch_name varchar(255) not null,
  resource_type varchar(255) not null,
  resource_id varchar(255) not null,
  lock_id uuid not null,
  lock_type varchar(16) not null,
  lock_mode varchar(16) not null,
  owner varchar(255) not null,
  reason varchar(4096) not null,
  ttl_seconds integer not null,
  heartbeat_interval_seconds integer not null,
  fencing_token bigint not null,
  acquired_at timestamp(6) with time zone not null,
  -- By the database's clock. A row past it is nobody's lock; null for a switch, which ends it itself.
  expires_at timestamp(6) with time zone,
  primary key (branch_name, resource_type, resource_id, lock_id)
);

create index held_lock_by_id on held_lock (lock_id);
create index held_lock_by_expiry on held_lock (expires_at);

-- Locks that ended without their holder: expired, or released by force. Kept for 30 days.
create table lock_ending (
  lock_id uuid not null,
  branch_name varchar(255) not null,
  resource_types varchar array not null,
  resource_id varchar(255) not null,
  lock_type varchar(16) not null,
  lock_mode varchar(16) not null,
  owner varchar(255) not null,
  reason varchar(4096) not null,
  ttl_seconds integer not null,
  heartbeat_interval_seconds integer not null,
  fencing_token bigint not null,
  acquired_at timestamp(6) with time zone not null,
  expires_at timestamp(6) with time zone not null,
  how varchar(16) not null,
  ended_by varchar(255) not null,
  end_reason varchar(4096) not null,
  ended_at timestamp(6) with time zone not null,
  primary key (lock_id)
);

create index lock_ending_by_time on lock_ending (ended_at);
