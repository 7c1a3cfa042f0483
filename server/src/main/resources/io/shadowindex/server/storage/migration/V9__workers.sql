-- What each worker of a BUILDING build has said of its part under the build's fencing token; no rows for
-- any other build. Written together with the build's progress.
create table worker_part (
  shadow_index_id uuid not null,
  -- '' for the only worker, whose part is the whole build.
  worker_id varchar(255) not null,
  progress_percent integer not null,
  fraction double precision not null,
  record_count bigint not null,
  weight bigint not null,
  -- When the part will be complete, as its worker estimates it.
  done_at timestamp(6) with time zone,
  -- Whether the worker was named as silent and has not reported since.
  lost boolean not null,
  primary key (shadow_index_id, worker_id)
);

-- The build's fencing token right after the effect: whoever claimed with it and hears of that late has to
-- know whether it still holds.
alter table request add column fencing_token bigint;
