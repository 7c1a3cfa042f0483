-- One row for each request_id whose call had an effect, written by the transaction of that effect and kept
-- for 24 hours.
create table request (
  request_id uuid not null primary key,
  principal varchar(255) not null,
  method varchar(64) not null,
  -- SHA-256 of the request, in hexadecimal.
  digest varchar(64) not null,
  -- The build or generation of the effect, and its revision right after it; null where there is none.
  shadow_index_id uuid,
  revision bigint,
  -- The message that was answered; null until there is one, and where it is too large to keep.
  answer bytea,
  recorded_at timestamp(6) with time zone not null
);

create index request_by_recorded_at on request (recorded_at);
