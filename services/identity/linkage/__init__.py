"""Links record sets of any register: learns from the data which agreements tell, without examples or truth."""
