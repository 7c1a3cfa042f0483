-- CancelBuild, whose answer is kept, and FailBuild, whose answer was lost with the server: each with the
-- SHA-256 of its request, of which all but the ids and texts are tags and lengths of protobuf.
insert into request (request_id, principal, method, digest, shadow_index_id, revision, answer, recorded_at)
select '00000000-0000-4000-8000-0000000000b1', '', 'CancelBuild',
  lower(rawtohex(hash('SHA-256',
    X'0a24' || stringtoutf8(cast(shadow_index_id as varchar)) || X'120a' || stringtoutf8('not needed')
      || X'7a24' || stringtoutf8('00000000-0000-4000-8000-0000000000b1')))),
  shadow_index_id, revision,
  X'0a260a24' || stringtoutf8(cast(shadow_index_id as varchar)) || X'120b' || stringtoutf8('as answered'),
  current_timestamp
from shadow_index where branch_name = 'cancelled';

insert into request (request_id, principal, method, digest, shadow_index_id, revision, answer, recorded_at)
select '00000000-0000-4000-8000-0000000000b2', '', 'FailBuild',
  lower(rawtohex(hash('SHA-256',
    X'0a24' || stringtoutf8(cast(shadow_index_id as varchar)) || X'120e' || stringtoutf8('no more memory')
      || X'7a24' || stringtoutf8('00000000-0000-4000-8000-0000000000b2')))),
  shadow_index_id, revision, null, current_timestamp
from shadow_index where branch_name = 'failed';
