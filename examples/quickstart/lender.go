package main

import (
	"context"
	_ "embed"
	"path/filepath"
	"strings"

	"github.com/replank/replank/workflow"
)

// loan is the first version of the process, law2 the second: nothing is paid before a screening.
var (
	//go:embed loan.yaml
	loan string
	//go:embed screening.yaml
	screening string

	law2 = strings.NewReplacer(
		"  payment: string\n", "  payment: string\n  screened: string\n",
		"[decision, payment]", "[decision, payment, screened]",
		"  - service: pay\n", screening+"\n  - service: pay\n",
	).Replace(loan)
)

// What goes into a loan, and what comes out of it.
type (
	applicant struct {
		Name   string `json:"name"`
		Income int    `json:"income"` // a month, in cents
	}
	application struct {
		Applicant applicant `json:"applicant"`
		Amount    int       `json:"amount"` // cents
	}
	outcome struct {
		Decision string `json:"decision"`
		Payment  string `json:"payment,omitempty"`  // empty if nothing was paid
		Screened string `json:"screened,omitempty"` // empty before the second version
	}
)

// What handlers get and give, as the schema's in and out say.
type (
	question struct {
		Name   string `json:"name"`
		Income int    `json:"income,omitempty"`
		Amount int    `json:"amount,omitempty"`
	}
	score struct {
		Points int `json:"points"`
	}
	suspicion struct {
		Hit bool `json:"hit"`
	}
	sum struct {
		Amount int `json:"amount"`
	}
	reservation struct {
		Reservation string `json:"reservation"`
		Amount      int    `json:"amount,omitempty"`
	}
	number struct {
		ID string `json:"id"`
	}
)

// A paying handler is called with its job and the ledger's answer before it
// returns; the process that is going to be killed never lets it.
type paying func(ctx context.Context, j *workflow.Job, id string, made bool) error

// open opens the engine of both lenders in dir and registers what the schema's
// service tasks call. Nothing runs before Start.
func open(dir string, watch paying) (*workflow.Engine, error) {
	eng, err := workflow.Open(filepath.Join(dir, "engine"), nil)
	if err != nil {
		return nil, err
	}
	workflow.Handle(eng, "credit.score", func(_ context.Context, q question) (score, error) {
		return score{Points: 400 + q.Income/1000}, nil
	})
	workflow.Handle(eng, "fraud.check", func(_ context.Context, q question) (suspicion, error) {
		return suspicion{Hit: q.Amount > 50_000_00}, nil
	})
	workflow.Handle(eng, "appraisal.order", func(_ context.Context, q question) (number, error) {
		return number{"A-" + q.Name}, nil
	})
	workflow.Handle(eng, "ledger.reserve", func(ctx context.Context, _ sum) (number, error) {
		j, _ := workflow.JobFrom(ctx)
		return number{"R-" + j.Instance[len(j.Instance)-4:]}, nil
	})
	workflow.Handle(eng, "aml.screen", func(_ context.Context, q question) (number, error) {
		return number{"S-" + q.Name}, nil
	})
	workflow.Handle(eng, "ledger.release", workflow.NoResult(func(context.Context, reservation) error { return nil }))
	workflow.Handle(eng, "ledger.pay", func(ctx context.Context, _ reservation) (number, error) {
		j, _ := workflow.JobFrom(ctx)
		id, made, err := book(dir).pay(j.Key)
		if err != nil {
			return number{}, err
		}
		return number{id}, watch(ctx, j, id, made)
	})
	return eng, nil
}

// book is the ledger beside the engine's directory.
func book(dir string) ledger { return ledger(filepath.Join(dir, "ledger")) }
