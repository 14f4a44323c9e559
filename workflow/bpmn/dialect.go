package bpmn

import (
	"errors"
	"fmt"

	"github.com/replank/replank/internal/translate"
)

// toCEL translates an expression of the file; language is what the file says about it, or "". Types of variables, which
// translate.Expr also has, are not used yet: what conditions use is dyn.
func toCEL(text, language string) (string, error) {
	from := translate.Detect(text, language)
	e, err := translate.Translate(text, from)
	if refused := (*translate.Error)(nil); errors.As(err, &refused) {
		if from == translate.Plain || from == translate.CEL {
			return "", errors.New(refused.Reason)
		}
		return "", fmt.Errorf("%v: %s", from, refused.Reason)
	}
	return e.CEL, err
}
