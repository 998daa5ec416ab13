#include "tools/trace_show.h"
#include "emu/trace.h"
#include "tools/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <inttypes.h>
int trace_show_command(int argc, char **argv)
{
	struct buf b={0}; struct diag d={0}; struct trace *t; char line[1024];
	if (file_read(argv[1], 1ull<<32, &b, &d)) { fprintf(stderr,"%s\n",d.text); return 125; }
	if (trace_open(&t,(struct bytes){b.data,b.len},&d)) { fprintf(stderr,"%s\n",diag_line(&d,argv[1],line,sizeof line)); return 125; }
	struct trace_totals tt; trace_totals(t,&tt); size_t nb; trace_blocks(t,&nb);
	printf("insns %"PRIu64" blocks %"PRIu64" events %"PRIu64" frames %"PRIu64" dict %zu\n",tt.instructions,tt.blocks,tt.events,tt.frames,nb);
	uint64_t *c=calloc(nb+1,8); if (trace_count_blocks(t,c,&d)) { fprintf(stderr,"%s\n",diag_line(&d,argv[1],line,sizeof line)); return 125; }
	return 0;
}
