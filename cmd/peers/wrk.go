package main

import "strconv"

func wrkClosedLoop(b *bed, url string) (float64, error) {
	return printedRate(b.run(nil, "wrk", "-t1", "-c"+strconv.Itoa(connections), "-d"+b.seconds()+"s", url))
}
