package expr

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
)

// DefaultCostLimit bounds what one evaluation may cost, in CEL's units: one unit is a simple operation, some 50 ns, so that the
// limit is a few hundredths of a second. Compile refuses an expression that may exceed it by its
// literals alone. One whose cost has a bound below the limit is evaluated without counting; one without such a bound
// (it iterates over a list of unknown length) is counted while it runs.
const DefaultCostLimit = 1_000_000

// assumedText is the length that a string or bytes variable is taken to have in the bound. Longer ones cost in
// proportion; how long they can be is limited where they enter.
const assumedText = 1024

// maxRange bounds what lists.range makes.
const maxRange = 10_000

// implausible is a cost that no expression of MaxSource bytes reaches by its literals alone: a part without a bound
// is in it, whatever the factors that it was multiplied by.
const implausible = 1 << 50

// sizes estimates the sizes of variables. Lists, maps and dynamic values have no bound; with most set they count as
// having at most that many elements; one bounds the cost from below.
type sizes struct{ most uint64 }

// EstimateSize implements checker.CostEstimator.
func (s sizes) EstimateSize(node checker.AstNode) *checker.SizeEstimate {
	switch node.Type().Kind() {
	case types.StringKind, types.BytesKind:
		if len(node.Path()) > 0 {
			return &checker.SizeEstimate{Min: 0, Max: assumedText}
		}
	case types.BoolKind, types.IntKind, types.UintKind, types.DoubleKind, types.TimestampKind, types.DurationKind:
		return nil // known to cel-go
	}
	if s.most > 0 {
		return &checker.SizeEstimate{Min: 0, Max: s.most}
	}
	return nil
}

// EstimateCallCost implements checker.CostEstimator.
func (sizes) EstimateCallCost(_, overload string, _ *checker.AstNode, _ []checker.AstNode) *checker.CallEstimate {
	switch overload {
	case overloads.BoolToString, overloads.IntToString, overloads.UintToString, overloads.DoubleToString,
		overloads.TimestampToString, overloads.DurationToString:
		return &checker.CallEstimate{CostEstimate: checker.FixedCostEstimate(1), ResultSize: &checker.SizeEstimate{Min: 1, Max: 64}}
	}
	return nil
}

// LongList is the length of lists and maps for which Program.Costly asks.
const LongList = 1000

// checkCost refuses an expression that costs more than the limit however short the lists are, and reports whether the
// others may exceed it with long ones, and whether those need be no longer than LongList.
func (c *compilation) checkCost(checked *cel.Ast) (limited, costly bool) {
	most, err := c.checker.EstimateCost(checked, sizes{})
	if err == nil && most.Max <= DefaultCostLimit {
		return false, false
	}
	long, err := c.checker.EstimateCost(checked, sizes{most: LongList})
	costly = err != nil || long.Max > DefaultCostLimit
	least, err := c.checker.EstimateCost(checked, sizes{most: 1})
	if err == nil && DefaultCostLimit < least.Max && least.Max < implausible {
		c.addAt(c.tree.Expr(), CodeCost,
			fmt.Sprintf("evaluating this may cost %d units; the limit is %d", least.Max, DefaultCostLimit),
			"use smaller literals, or fewer loops inside loops")
	}
	return true, costly
}
