# go.mod
module example.org/a

go 1.24
require github.com/gin-gonic/gin v1.9
