# What ../sweep.fact does: make -j2 -f compared/sweep.mk, in the folder of the samples.
RATES ?= 0.05 0.1 0.4 1.2
STEPS ?= 10 20 40
TOOLS ?= bin
OUT = out/sweep
RUNS = $(foreach rate,$(RATES),$(foreach count,$(STEPS),$(OUT)/runs/$(rate)-$(count)))

all: $(OUT)/best.txt

$(OUT)/best.txt: $(RUNS)
	cd $(OUT)/runs && for run in *; do \
	    test ! -s "$$run" || echo "$$(cat "$$run") $$run"; \
	done | sort -n > ../table.txt
	head -n 1 $(OUT)/table.txt > $@
	cat $@

# A training that ends with 2 has diverged: a result like any other.
$(RUNS): $(OUT)/runs/%:
	@mkdir -p $(OUT)/runs
	$(TOOLS)/train $(subst -, ,$*) > $@.part || test $$? -eq 2
	mv $@.part $@
