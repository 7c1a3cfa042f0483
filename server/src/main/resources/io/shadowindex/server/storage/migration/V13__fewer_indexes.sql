-- Nothing asks by them: entries and events are forgotten in the order in which they were written, and each index
-- is one more page that every write makes durable.
drop index build_event_by_time;
drop index audit_entry_by_occurred_at;
