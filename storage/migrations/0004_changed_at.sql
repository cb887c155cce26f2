-- Who checks what nodes answer asks for the keys that changed lately.

CREATE INDEX revisions_changed_at ON larder.revisions (changed_at);
