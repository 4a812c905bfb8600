"""Where a run was made."""

import json

import numpy as np

import handgrad
from handgrad.labs import environment as module
from handgrad.labs.environment import environment, processor_name


def test_versions_and_machine():
    found = environment()
    assert found["handgrad"] == handgrad.__version__
    assert found["numpy"] == np.__version__
    assert found["cores"] >= 1
    assert found["processor"]
    assert found["blas"]
    json.dumps(found)


def test_a_processor_without_a_name_has_its_architecture(monkeypatch):
    monkeypatch.setattr(module.sys, "platform", "other")
    assert processor_name() == (module.platform.processor() or module.platform.machine())


def test_a_package_that_is_not_there_has_no_version():
    assert module._version("no-such-package-as-this") is None
