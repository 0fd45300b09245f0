# What ../wheel.fact does: make -f compared/wheel.mk VERSION=1.2 REALLY=yes, in the folder of the samples.
TOOLS ?= bin
PYTHONS ?= python3
DIST = out/wheel/dist
WHEEL = $(DIST)/greet-$(VERSION)-py3-none-any.whl
TESTS = $(addprefix test-,$(PYTHONS))

.PHONY: all check build checksum upload $(TESTS)

all: upload
	rm -rf $(DIST)

check:
	@test "$(REALLY)" = yes || { echo "REALLY=yes is missing" >&2; exit 1; }
	@test -n "$$TWINE_PASSWORD" || { echo "TWINE_PASSWORD is not set" >&2; exit 1; }
	echo '$(VERSION)' | grep -Eqx '[0-9]+(\.[0-9]+)*'

build: check
	rm -rf $(DIST)
	mkdir -p $(DIST)
	$(TOOLS)/wheel parts/greet '$(VERSION)' $(DIST)

$(TESTS): test-%: build
	WANT='$(VERSION)' PYTHONPATH='$(WHEEL)' $* -c 'import greet, os; assert greet.__version__ == os.environ["WANT"] and ".whl" in greet.__file__'
	PYTHONPATH='$(WHEEL)' $* -c 'import greet; assert greet.greeting("you") == "hello you"'

checksum: build
	cd $(DIST) && cksum ./*.whl > '../greet-$(VERSION).cksum'

upload: $(TESTS) checksum
	$(TOOLS)/twine upload '$(WHEEL)'
