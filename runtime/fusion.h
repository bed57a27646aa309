// Fusion: fewer steps and fewer passes over memory for the same results (up to
// rounding).
#ifndef ESPALIER_RUNTIME_FUSION_H_
#define ESPALIER_RUNTIME_FUSION_H_

#include "runtime/plan.h"

namespace espalier {

// Drops steps that nobody needs; lets matrix products apply the relu or leaky
// relu that is their only reader, but not where they may be NaN without an
// overflow (nan_flow.h), since oneDNN's relu gives 0 there; makes one step of
// what is the gradient of a softmax; merges elementwise steps and full sums
// over the same elements where one reads the other's result, and lets them sum
// over rows or columns what was summed by a step of its own, so that what only
// the merged step reads never touches memory, then near ones that read the same
// array, so that it is read once, and those on single numbers where it can;
// moves steps that only make new values of leaves to the end; merges
// independent elementwise steps of the same code into one of several segments,
// as an optimiser makes for its parameters; joins neighbouring steps that take
// parts of one array.
void Fuse(Plan& plan);

// Its parts, in order.
void RemoveDeadSteps(Plan& plan);
void FuseActivations(Plan& plan);
// Makes one step of the products, sum and difference that are the gradient of a
// softmax or log softmax over rows.
void FuseSoftmaxGradients(Plan& plan);
// Lets the gradient of a layer normalization multiply by its scale.
void FuseLayerNormGradients(Plan& plan);
void FuseElementwise(Plan& plan);
// Lets elementwise steps sum what they store over rows or columns.
void FuseSums(Plan& plan);
void MoveUpdatesLast(Plan& plan);
void MergeSegments(Plan& plan);
void JoinCuts(Plan& plan);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_FUSION_H_
