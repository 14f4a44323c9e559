package workflow

import (
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/schema"
)

// version is one deployed schema of one tenant, ready to run. Immutable but for kinds, which Engine.Start fills before
// anything runs. Versions with equal sources share machine, prog and schema, also between tenants.
type version struct {
	tenant   keys.Tenant
	process  uint32 // number of the process in its tenant
	number   uint32 // from 1
	name     string // of the process
	deployed int64  // unix milliseconds
	machine  *kernel.Machine
	prog     *program.Program
	schema   *schema.Process
}
