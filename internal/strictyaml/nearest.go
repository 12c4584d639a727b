package strictyaml

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns advice to append to an error about an unknown name. It is "; did you mean "X"?"
// with the known name of the least Levenshtein distance. If none is near, it is the list of all
// known names, and "" if there are none. A name is near at a distance of 2, or of a third of the
// length of the unknown name if that is more.
func Nearest(unknown string, known []string) string {
	if len(known) == 0 {
		return ""
	}
	nearest, least := "", 1+max(2, len(unknown)/3)
	for _, name := range known {
		d := levenshtein.ComputeDistance(unknown, name)
		if d < least || d == least && name < nearest {
			nearest, least = name, d
		}
	}
	if nearest != "" {
		return fmt.Sprintf("; did you mean %q?", nearest)
	}
	return "; valid names are " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
}
