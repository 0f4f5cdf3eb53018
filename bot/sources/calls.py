"""The columns of call centres' exports, for `preset = "calls"` of the file source.

For each of our fields the names that are in use, folded (Call ID is call_id), the best first; a name with dots goes
into an object. Beside plain tables these are Amazon Connect's contact records (ContactId, CustomerEndpoint) and Contact
Lens files (Transcript, CustomerMetadata), and Aircall's calls (raw_digits, comments).
"""

from collections.abc import Mapping

CALLS: Mapping[str, tuple[str, ...]] = {
    "text": (
        *("customer_transcript", "transcript", "transcription", "call_transcript", "customer_words"),
        *("agent_note", "agent_notes", "call_note", "call_notes", "note", "notes", "wrap_up_note", "wrap_up_notes"),
        *("acw_note", "acw_notes", "comments", "comment", "call_summary", "summary", "description"),
        *("Attributes.note", "Attributes.notes", "Attributes.comment", "Attributes.summary"),
    ),
    "native_id": (
        *("call_id", "callid", "contact_id", "contactid", "conversation_id", "conversationid", "interaction_id"),
        *("call_sid", "CustomerMetadata.ContactId", "id"),
    ),
    "caller": (
        *("caller", "caller_id", "callerid", "caller_number", "calling_number", "customer_number", "customer_phone"),
        *("phone_number", "phone", "ani", "from_number", "from", "raw_digits", "CustomerEndpoint.Address"),
    ),
    "author": ("customer_id", "customerid", "account_id", "customer_email", "email"),
    "author_name": ("customer_name", "caller_name", "contact_name", "customer"),
    "tier": (
        *("tier", "customer_tier", "account_tier", "customer_segment", "segment", "customer_plan", "plan"),
        *("Attributes.tier", "Attributes.customer_tier", "Attributes.segment"),
    ),
    "published_at": (
        *("start_time", "starttime", "started_at", "call_start", "call_start_time", "call_started_at"),
        *("initiation_timestamp", "initiationtimestamp", "conversation_start", "date_time", "datetime", "call_date"),
        *("date", "timestamp", "created_at", "ended_at", "end_time"),
    ),
}
