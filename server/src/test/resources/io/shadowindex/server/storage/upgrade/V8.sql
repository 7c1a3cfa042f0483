-- AcquireLock, whose answer was lost with the server.
insert into request (request_id, principal, method, digest, lock_id, recorded_at)
values ('00000000-0000-4000-8000-0000000000b3', '', 'AcquireLock',
  lower(rawtohex(hash('SHA-256',
    X'0a06' || stringtoutf8('locked') || X'1002' || X'3a05' || stringtoutf8('alice') || X'48901c'
      || X'620b' || stringtoutf8('object_type') || X'6209' || stringtoutf8('link_type')
      || X'7a24' || stringtoutf8('00000000-0000-4000-8000-0000000000b3')))),
  '00000000-0000-4000-8000-0000000000a1', current_timestamp);

insert into audit_entry (call_id, occurred_at, principal, peer, method, branch_name, index_type, index_name,
  forced, result, reason, message, lock_id)
values (random_uuid(), current_timestamp, 'alice', '127.0.0.1:4711', 'AcquireLock', 'locked', '', '', false, 'OK',
  '', '', '00000000-0000-4000-8000-0000000000a1');
