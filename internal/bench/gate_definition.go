package bench

import "fmt"

// gateDefinition says what all figures of one gate have in common.
type gateDefinition struct {
	name    string
	floor   bool               // the limit is the least that is allowed
	steady  bool               // means nothing beyond the server's capacity
	meaning func(Gates) string // what the figure shows, under these limits
}

// gateDefinitions lists the known gates in the order in which they are shown.
var gateDefinitions = []gateDefinition{
	{
		name: GateSent, floor: true, steady: true,
		meaning: always("below the limit, the load generator could not send what was due"),
	},
	{name: GateLag, meaning: lagMeaning},
	{
		name:    GateGenerator,
		meaning: always("in an open loop; near the limit, the load generator would measure itself"),
	},
	{
		name:    GateLoad,
		meaning: always("an open loop's rate as a share of the rate that the load generator was certified for"),
	},
	{name: GateLittle, steady: true, meaning: littleMeaning},
	{
		name:    GateClock,
		meaning: always("how far the wall clock moved against the monotonic one"),
	},
	{
		name:    GateStolen,
		meaning: always("CPU time that a hypervisor gave to others"),
	},
	{
		name:    GateThrottled,
		meaning: always("time in which a CPU quota stopped the servers or the load generator"),
	},
	{
		name:    GateLate,
		meaning: always("how late our slow service answered, in an open loop"),
	},
	{
		name: GateService,
		meaning: always("CPU time of a database or proxy in an open loop, as a share of its CPUs; " +
			"near the limit, the run would measure the service"),
	},
}

// always returns a meaning that is the same under all limits.
func always(text string) func(Gates) string { return func(Gates) string { return text } }

func lagMeaning(limits Gates) string {
	s := "how late the load generator sent requests; "
	if limits.LagShare > 0 {
		s += fmt.Sprintf("the limit is %s of the median response time if that is more; ", percent(limits.LagShare))
	}
	return s + "response times count from the due time"
}

func littleMeaning(limits Gates) string {
	return fmt.Sprintf("sampled requests in flight against rate × time: counts and times must agree, "+
		"within %s and the error of the samples", percent(limits.Little))
}
