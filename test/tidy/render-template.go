// Renders one template of a chart as helm does, with Go's text/template and sprig: values as JSON on stdin, the
// template's path as the argument, the result on stdout. Debian's golang-go and golang-github-masterminds-sprig-dev
// have all that it needs: GO111MODULE=off GOPATH=/usr/share/gocode go run render-template.go
package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"text/template"

	"github.com/Masterminds/sprig"
)

func main() {
	var values map[string]interface{}
	if err := json.NewDecoder(os.Stdin).Decode(&values); err != nil {
		panic(err)
	}
	path := os.Args[1]
	parsed, err := template.New(filepath.Base(path)).Funcs(sprig.TxtFuncMap()).Option("missingkey=zero").ParseFiles(path)
	if err != nil {
		panic(err)
	}
	release := map[string]interface{}{"Name": "fleet", "Namespace": "fleet"}
	if err := parsed.Execute(os.Stdout, map[string]interface{}{"Values": values, "Release": release}); err != nil {
		panic(err)
	}
}
