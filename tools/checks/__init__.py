"""Checks that run now and then: other versions, other processors, mutations."""
