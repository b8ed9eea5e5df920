"""What is asked for? A referral's life from submission to decision, its routing and its clock."""
