"""The portal's own catalogue, read once for all tests of a process. Nobody changes it."""

from policy.entries import Catalogue

CATALOGUE = Catalogue()
