"""Drawing: functions of ``(ax, data)`` that never simulate, and one style for all of them."""
