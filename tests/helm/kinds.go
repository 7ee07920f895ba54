// Package kinds names the types of the Prometheus Operator, so that controller-gen can write their
// schemas, which charts are checked against. It is no part of any program.
package kinds

import _ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
