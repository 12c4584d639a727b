package report

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/claimbench/claimbench/internal/text"
)

// longestText is the length in bytes to which tidy shortens a text.
const longestText = 600

// tidy shortens every text under v, and removes everything that could drive a terminal. Servers choose many
// of these texts.
func tidy(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			tidy(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				tidy(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Len() > 0 { // copied, since the verdicts may share it
			v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
		}
		for i := range v.Len() {
			tidy(v.Index(i))
		}
	case reflect.String:
		s := v.String()
		if whole := len(s); whole > longestText {
			s = fmt.Sprintf("%s … (of %d bytes)", strings.ToValidUTF8(s[:longestText], ""), whole)
		}
		v.SetString(text.Plain(s))
	}
}
