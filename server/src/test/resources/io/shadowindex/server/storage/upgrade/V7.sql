-- A call that was answered, one that the server died in, and one that was refused.
insert into audit_entry (call_id, occurred_at, principal, peer, method, request_id, branch_name, index_type,
  index_name, shadow_index_id, forced, result, reason, message, revision, fencing_token)
select random_uuid(), current_timestamp, 'ann', '127.0.0.1:4711', method, null, branch_name, index_type, index_name,
  shadow_index_id, false, result, reason, message, revision, fencing_token
from shadow_index, (values
  (1, 'CancelBuild', 'OK', '', 'as answered'),
  (2, 'RetryBuild', '', '', ''),
  (3, 'SwitchIndex', 'FAILED_PRECONDITION', 'ILLEGAL_TRANSITION', 'is CANCELLED'))
    calls (nth, method, result, reason, message)
where branch_name = 'cancelled'
order by nth;
