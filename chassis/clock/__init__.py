"""Working time in Europe/London: when something is due, and why, as a pure function of start, rule and calendar."""

from chassis.clock.calendar import Calendar
from chassis.clock.deadline import due
from chassis.clock.service_hours import ServiceHours, Window
from chassis.clock.terms import Due, Pause, Rule, Step, StepKind, Unit
from chassis.clock.zone import LONDON

__all__ = ["LONDON", "Calendar", "Due", "Pause", "Rule", "ServiceHours", "Step", "StepKind", "Unit", "Window", "due"]
