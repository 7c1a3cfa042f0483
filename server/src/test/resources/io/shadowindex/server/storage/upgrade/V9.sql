-- What one of two workers has said of its part.
insert into worker_part (shadow_index_id, worker_id, progress_percent, fraction, record_count, weight, done_at,
  lost)
select shadow_index_id, 'worker-1', 100, 1, 500, 1, null, true
from shadow_index where branch_name = 'building';

-- ClaimBuild, whose answer was lost with the server and whose token still holds.
insert into request (request_id, principal, method, digest, shadow_index_id, revision, fencing_token, recorded_at)
select '00000000-0000-4000-8000-0000000000b4', '', 'ClaimBuild',
  lower(rawtohex(hash('SHA-256',
    X'0a24' || stringtoutf8(cast(shadow_index_id as varchar)) || X'1001'
      || X'7a24' || stringtoutf8('00000000-0000-4000-8000-0000000000b4')))),
  shadow_index_id, revision, fencing_token, current_timestamp
from shadow_index where branch_name = 'building';
