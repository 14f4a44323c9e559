package schema

// A value is one value of the text form, before the key table gives it meaning.
type value struct{}
