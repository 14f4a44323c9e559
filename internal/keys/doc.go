// Package keys is the key layout: what every key of a store looks like.
//
// It has append functions, which build a key into a slice and allocate nothing;
// parse functions, for the keys that are scanned; and range functions, which
// return half-open bounds [lo, hi) for package store. What the values look like
// is the business of package codec.
//
//	global space                                          value
//	| 01 | 01 | name ........................... |        tenant number
//	| 01 | 02 | tenant u32 |                              tenant record
//	| 01 | 03 |                                           last tenant number given out
//	| 01 | 04 |                                           format of the records of the store
//
//	tenant space: every key of a tenant, and nothing of another
//	| 02 | tenant u32 | kind | key of the kind ......... |
//	                    01     process id str             process number
//	                    02     process u32                process record
//	                    03     process u32 | version u32  schema version
//	                    04     migration                  migration of many instances
//	                    10     instance                   head of a live instance
//	                    11     instance                   head of an ended instance
//	                    12     instance | first ordinal   history: events from number first
//	                    13     instance | path ...        child scope
//	                    14     instance | slot u32 | event ordinal   large value
//	                    15     instance | page u16        slots beyond those in the head
//	                    20     due ms | created ms | instance | node u32   open user task
//	                    21     due ms | instance | node u32                armed timer, job to retry
//	                    22     name str | key str | process u32 | instance | node u32   subscription
//	                    23     name str | key str | arrival u64            buffered message
//	                    24     message id str             message seen (de-duplication)
//	                    25     process u32 | key str      business key -> instance
//	                    26     instance | node u32        open incident
//
// The parts, each of which sorts as what it stands for and is no prefix of
// another of its sort:
//
//	u16 u32 u64   big-endian
//	instance      16 bytes, a ULID, so that instances sort by age; a migration likewise
//	ordinal       one byte up to 247; beyond, 247 + the number of bytes, then those, big-endian
//	ms            milliseconds since 1970 UTC as i64, sign bit flipped, big-endian; "none" is the last
//	str           the bytes, with 00 written as 00 ff, then 00 01
//	name, path    the bytes, up to the end of the key
//
// All of this is durable. Kinds are only ever added; a number is never used for
// something else.
package keys
