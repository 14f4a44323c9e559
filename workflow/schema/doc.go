// Package schema is process schemas: their model, their text form in YAML or JSON, a builder in Go, their check
// before they may be deployed, and the compiled form that the engine runs.
package schema
