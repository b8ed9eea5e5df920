"""What is the plan? One case, one key worker, one support plan, actions for each agency, one chronology."""
